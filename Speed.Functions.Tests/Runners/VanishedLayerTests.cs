using System.Text.Json;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: a scripted engine that lost a layer under a build, for the real one's race is short.</summary>
public sealed class VanishedLayerTests
{
    private const string Image = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Vanished = "unable to find image \"sha256:f1a0b6282027db67e3d9624a813d3198b096256e3d199f5aafc0f57a8a902579\"";

    private readonly RecordedLog _log = new();
    private int _builds;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    public async Task A_build_that_lost_a_layer_of_the_cache_is_made_again(int losses, int builds)
    {
        var image = await BuildAsync(losses, Vanished);

        Assert.Equal((Image, builds), (image, _builds));
        Assert.Equal(losses, _log.Lines.Count(line => line.Contains("it is built again", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(Vanished, 4)]
    [InlineData("The command '/bin/sh -c false' returned a non-zero code: 1", 1)]
    public async Task One_that_goes_on_losing_them_or_fails_otherwise_has_failed(string reason, int builds)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => BuildAsync(9, reason));

        Assert.Equal((FailureCode.BuildFailed, builds), (failure.Code, _builds));
    }

    private async Task<string> BuildAsync(int losses, string reason)
    {
        await using var engine = await ScriptedEngine.StartAsync(async context =>
        {
            if (!ScriptedEngine.Asks(context, "/build"))
            {
                await ScriptedEngine.SayAsync(context, $$"""{"Id": "{{Image}}"}""");
                return;
            }

            await context.Request.Body.CopyToAsync(Stream.Null, Now);
            await ScriptedEngine.SayAsync(
                context,
                Interlocked.Increment(ref _builds) <= losses
                    ? JsonSerializer.Serialize(new { error = reason, errorDetail = new { message = reason } })
                    : $$$"""{"aux": {"ID": "{{{Image}}}"}}""");
        });
        return await engine.BuildAsync("FROM busybox\n", _log, Sandbox.Strict);
    }
}
