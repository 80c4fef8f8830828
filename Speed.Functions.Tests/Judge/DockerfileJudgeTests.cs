using Speed.Runners;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives the real engine and real Git: images of Dockerfiles, with plain <c>docker build</c> as judge.</summary>
[Trait("Engine", "Both")]
public sealed class DockerfileJudgeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task What_SPEED_builds_of_a_Dockerfile_is_what_docker_builds(Sandbox builder)
    {
        var all = JudgeCase.ReadAll("Dockerfiles");
        Assert.InRange(all.Count, 150, int.MaxValue);

        await using var court = await Court.OpenAsync(builder, all, filesAlone: false);

        var faults = await court.JudgeAsync(Scale.JudgedDockerfiles, Token);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
