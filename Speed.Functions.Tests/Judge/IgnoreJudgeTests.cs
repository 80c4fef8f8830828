using Speed.Runners;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives the real engine and real Git: what ignore files leave out, with plain <c>docker build</c> as judge.</summary>
[Trait("Engine", "Both")]
public sealed class IgnoreJudgeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task What_an_ignore_file_leaves_out_is_what_docker_leaves_out(Sandbox builder)
    {
        var all = JudgeCase.ReadAll("IgnoreFiles");
        Assert.InRange(all.Count, 60, int.MaxValue);

        await using var court = await Court.OpenAsync(builder, all, filesAlone: true);

        var faults = await court.JudgeAsync(Scale.JudgedIgnoreFiles, Token);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
