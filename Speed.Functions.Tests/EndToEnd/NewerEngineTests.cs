using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what a newer one builds, and an older one is too old for.</summary>
/// <remarks>
/// Where SPEED_ENGINE names the newer one, nothing may be too new.
/// </remarks>
[Trait("Engine", "Both")]
public sealed class NewerEngineTests(World world) : IClassFixture<World>
{
    // The first engine whose frontend knows here-documents is Docker 23.
    private static readonly Version HereDocuments = new(1, 42);

    [Theory]
    [InlineData("FROM busybox\nRUN <<EOF\necho one > /out\necho two >> /out\nEOF\nCMD cat /out\n", "one\ntwo")]
    [InlineData("FROM busybox\nCOPY <<-\"EOF\" /out\n\t$HOME is not read\n\tEOF\nCMD cat /out\n", "$HOME is not read")]
    [InlineData("FROM busybox\nCOPY <<a <<b /out/\nof a\na\nRUN exit 1\nb\nCMD cat /out/a /out/b\n", "of a\nRUN exit 1")]
    public async Task Here_documents_are_built(string dockerfile, string printed) =>
        await IsBuiltAsync(dockerfile, printed);

    [Theory]
    [InlineData("# syntax=docker/dockerfile:1")]
    [InlineData("# syntax=docker/dockerfile:1.7-labs\n# check=skip=all")]
    public async Task A_frontend_that_is_asked_for_is_the_engine_s_own_and_knows_its_instructions(string directives) =>
        await IsBuiltAsync(
            $"{directives}\nFROM busybox AS made\nRUN echo linked > /made\nFROM busybox\n"
            + "COPY --link --from=made /made /out\nCMD cat /out\n",
            "linked");

    private async Task IsBuiltAsync(string dockerfile, string printed)
    {
        var version = (await DockerCli.RunAsync("version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}")).Split(' ');

        var ended = await world.DeployAsync(dockerfile);

        if (Environment.GetEnvironmentVariable("SPEED_ENGINE") == "new" || Version.Parse(version[1]) >= HereDocuments)
        {
            Assert.Equal(printed, ended.Succeeded().Results);
        }
        else
        {
            Assert.Contains(version[0], ended.FailedWith("BUILD_FAILED", "build"), StringComparison.Ordinal);
        }
    }
}
