using Speed.Runners;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives the real engine and real Git: what ignore files leave out, with plain <c>docker build</c> as judge.</summary>
[Trait("Engine", "Both")]
public sealed class IgnoreJudgeTests
{
    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public Task What_an_ignore_file_leaves_out_is_what_docker_leaves_out(Sandbox builder) =>
        Court.AgreeAsync(builder, "IgnoreFiles", least: 60, Scale.JudgedIgnoreFiles, filesAlone: true);
}
