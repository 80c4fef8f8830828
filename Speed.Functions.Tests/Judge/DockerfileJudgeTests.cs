using Speed.Runners;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives the real engine and real Git: images of Dockerfiles, with plain <c>docker build</c> as judge.</summary>
[Trait("Engine", "Both")]
public sealed class DockerfileJudgeTests
{
    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public Task What_SPEED_builds_of_a_Dockerfile_is_what_docker_builds(Sandbox builder) =>
        Court.AgreeAsync(builder, "Dockerfiles", least: 150, Scale.JudgedDockerfiles, filesAlone: false);
}
