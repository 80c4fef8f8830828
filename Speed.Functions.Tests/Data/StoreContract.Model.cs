using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Whatever_happens_in_whatever_order_the_store_does_as_its_model()
    {
        var steps = Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 7], Gen.Int[0, 4]).List[1, 25];

        await steps.SampleAsync(TellAsync, iter: Scale.Stories, threads: 1);
    }

    private enum Step
    {
        Add,
        Claim,
        EnterPhase,
        AskStart,
        Settle,
        Close,
        Adopt,
        Repeat,
        Cancel,
        Declare,
        Append,
    }

    private async Task TellAsync(List<(Step Step, int Which, int Word)> steps)
    {
        var model = new StoreModel();
        List<Claim> claims = [(await AddToAsync(model)).Claim];
        foreach (var (step, which, word) in steps)
        {
            // Old claims stay in the hat: most of what must not happen is done under a stale one.
            var claim = claims[^(1 + (which % claims.Count))];
            await TakeStepAsync(model, step, claim, word);
            if (step == Step.Add)
            {
                claims.Add(new Claim(model.Entries.Keys.Max(), DeploymentStatus.Pending, 0));
            }

            claims.Add((await AssertAgreesAsync(model, claim.Id)).Claim);
        }

        foreach (var id in model.Entries.Keys)
        {
            await AssertAgreesAsync(model, id);
            await Store.RequestCancelAsync(id, "api", null, Token);
        }
    }

    private async Task TakeStepAsync(StoreModel model, Step step, Claim claim, int word)
    {
        var status = (DeploymentStatus)word;
        switch (step)
        {
            case Step.Add:
                await AddToAsync(model);
                break;
            case Step.Claim:
                Assert.Equal(model.ClaimNext(), (await Store.ClaimNextAsync("w", Token))?.Id);
                break;
            case Step.EnterPhase:
                var phase = (DeploymentPhase)Math.Clamp(word, (int)(model.Entries[claim.Id].Phase ?? 0), 2);
                Assert.Equal(model.EnterPhase(claim, phase), await Store.EnterPhaseAsync(claim, phase, Token));
                break;
            case Step.AskStart:
                Assert.Equal(model.AskStart(claim), await Store.AskStartAsync(claim, Token));
                break;
            case Step.Settle when status.IsFinal:
                Assert.Equal(model.Settle(claim, status), await Store.SettleAsync(claim, EndAs(status), Token));
                break;
            case Step.Close:
                Assert.Equal(
                    model.Close(claim.Id),
                    await Store.CloseAsync(claim.Id, [new NewResult(ResultSource.Stdout, "late")], Token));
                break;
            case Step.Adopt or Step.Repeat:
                Assert.Equal(
                    model.TakeOver(claim, step == Step.Repeat),
                    await Store.TakeOverAsync(claim, "w", step == Step.Repeat, Token) is not null);
                break;
            case Step.Cancel:
                Assert.Equal(model.Cancel(claim.Id), await Store.RequestCancelAsync(claim.Id, "api", null, Token));
                break;
            case Step.Declare:
                Assert.Equal(model.Declare(claim.Id, status), await Store.DeclareAsync(claim.Id, status, Token));
                break;
            case Step.Append:
                model.Entries[claim.Id].Results++;
                await Store.ReportAsync(claim.Id, "r", Token);
                break;
        }
    }

    private async Task<Deployment> AddToAsync(StoreModel model)
    {
        var added = await AddAsync();
        model.Add(added.Id);
        return added;
    }

    private async Task<Deployment> AssertAgreesAsync(StoreModel model, long id)
    {
        var (expected, actual) = (model.Entries[id], await FindAsync(id));
        Assert.Equal(
            (expected.Status, expected.Phase, expected.Attempt, expected.Epoch, expected.Led),
            (actual.Status, actual.Phase, actual.Attempt, actual.Epoch, actual.RunBy == RunBy.Leader));
        Assert.Equal(
            (expected.StartAsked, expected.CancelRequested, expected.LogClosed, expected.Status.IsFinal),
            (actual.StartAskedAt is not null, actual.Cancel is not null, actual.LogClosedAt is not null,
                actual.EndedAt is not null));
        Assert.Equal(expected.Phase is null, actual.Phases.All(phase => phase.EndedAt is not null));
        Assert.Equal(
            Enumerable.Range(1, expected.Results),
            (await ReadResultsAsync(id)).Select(result => (int)result.Seq));
        return actual;
    }

    private static Settlement EndAs(DeploymentStatus status)
    {
        var settlement = status switch
        {
            DeploymentStatus.Succeeded => Success(),
            DeploymentStatus.Failed => Failed(),
            _ => Stopped(),
        };
        return settlement with { Results = [new NewResult(ResultSource.Stdout, "out")] };
    }
}
