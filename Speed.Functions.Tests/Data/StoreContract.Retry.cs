using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    private static readonly string Commit = new('c', 40);

    [Fact]
    public async Task A_retry_says_what_it_repeats_and_there_is_one_at_a_time()
    {
        var original = await AddEndedWithCommitAsync();

        var first = Assert.IsType<AddOutcome.Added>(await RetryAsync(original));
        var again = Assert.IsType<AddOutcome.Replayed>(await RetryAsync(original, maxQueued: 0));
        await Store.DeclareAsync(first.Deployment.Id, Running, Token);
        var running = Assert.IsType<AddOutcome.Replayed>(await RetryAsync(original));
        await Store.DeclareAsync(first.Deployment.Id, Succeeded, Token);
        var next = Assert.IsType<AddOutcome.Added>(await RetryAsync(original));

        Assert.Equal(original.Id, first.Deployment.RetryOf);
        Assert.Equal((Commit, "trunk"), (first.Deployment.Options.Commit, first.Deployment.Branch));
        Assert.Equal(first.Deployment.Id, again.Deployment.Id);
        Assert.Equal((first.Deployment.Id, Running), (running.Deployment.Id, running.Deployment.Status));
        Assert.NotEqual(first.Deployment.Id, next.Deployment.Id);
    }

    [Fact]
    public async Task A_new_retry_needs_a_place_in_the_queue()
    {
        var original = await AddEndedWithCommitAsync();

        Assert.IsType<AddOutcome.QueueFull>(await RetryAsync(original, maxQueued: 0));
    }

    [Fact]
    public async Task Retries_at_once_make_one_deployment()
    {
        var original = await AddEndedWithCommitAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => RetryAsync(original))));

        Assert.Single(outcomes.OfType<AddOutcome.Added>());
        Assert.Equal(19, outcomes.OfType<AddOutcome.Replayed>().Count());
    }

    [Fact]
    public async Task A_retry_outlives_the_record_of_what_it_repeats()
    {
        var original = await AddEndedWithCommitAsync();
        var retry = Assert.IsType<AddOutcome.Added>(await RetryAsync(original)).Deployment;

        Assert.True(await Store.DeleteAsync(original.Id, Token));

        Assert.Equal(original.Id, (await FindAsync(retry.Id)).RetryOf);
        Assert.Equal(retry.Id, (await Store.ClaimNextAsync("worker-1", Token))?.Id);
    }

    [Fact]
    public async Task Only_what_has_ended_with_its_commit_known_can_be_retried()
    {
        var waiting = await AddAsync(Options() with { Commit = Commit });
        var running = (await Store.ClaimNextAsync("worker-1", Token))!;
        await Store.RecordCommitAsync(running.Claim, "trunk", Commit, Token);
        var resolved = await FindAsync(running.Id);
        await Store.SettleAsync(running.Claim, Failed(), Token);

        Assert.Null(waiting.RetryOptions);
        Assert.Null(resolved.RetryOptions);
        var options = (await FindAsync(running.Id)).RetryOptions;
        Assert.Equal((Commit, "trunk"), (options?.Commit, options?.Branch));
    }

    private Task<AddOutcome> RetryAsync(Deployment original, int maxQueued = 500) => Store.AddAsync(
        new NewDeployment(original.RetryOptions!, null, maxQueued) { RetryOf = original.Id }, Token);

    private async Task<Deployment> AddEndedWithCommitAsync()
    {
        var running = await AddRunningAsync();
        await Store.RecordCommitAsync(running.Claim, "trunk", Commit, Token);
        await Store.SettleAsync(running.Claim, Failed(), Token);
        return await FindAsync(running.Id);
    }
}
