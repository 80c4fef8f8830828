using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: a scripted engine that lost a layer under a build, for the real one's race is short.</summary>
public sealed class VanishedLayerTests
{
    private const string Image = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Vanished = "unable to find image \"sha256:f1a0b6282027db67e3d9624a813d3198b096256e3d199f5aafc0f57a8a902579\"";

    private int _builds;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    public async Task A_build_that_lost_a_layer_of_the_cache_is_made_again(int losses, int builds)
    {
        var (image, log) = await BuildAsync(losses, Vanished);

        Assert.Equal((Image, builds), (image, _builds));
        Assert.Equal(losses, log.Lines.Count(line => line.Contains("it is built again", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(Vanished, 4)]
    [InlineData("The command '/bin/sh -c false' returned a non-zero code: 1", 1)]
    public async Task One_that_goes_on_losing_them_or_fails_otherwise_has_failed(string reason, int builds)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => BuildAsync(9, reason));

        Assert.Equal((FailureCode.BuildFailed, builds), (failure.Code, _builds));
    }

    private async Task<(string Image, RecordedLog Log)> BuildAsync(int losses, string reason)
    {
        using var folder = new TempFolder();
        var socket = Path.Combine(folder.FullPath, "d.sock");
        await using var engine = await StartAsync(socket, losses, reason);
        await using var runner = new DockerRunner(
            new DockerOptions { Endpoint = $"unix://{socket}", Sandbox = Sandbox.Strict }, NamedStore.Create("0123456789ab"),
            NoVolumes.Of("0123456789ab"));
        var recorded = new RecordedLog();
        await using var log = await DeploymentLog.OpenAsync(1, recorded, TimeProvider.System, Now);
        var plan = new BuildPlan(
            SomeDeployment.Of(1), new string('0', 64), "Dockerfile", "FROM busybox\n", new Dictionary<string, string>());

        var image = await runner.BuildAsync(plan, new MemoryTree("FROM busybox\n"), log, Now);
        await log.FlushAsync();
        return (image, recorded);
    }

    private async Task<WebApplication> StartAsync(string socket, int losses, string reason)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        var engine = builder.Build();
        engine.Run(async context =>
        {
            var path = context.Request.Path.Value!;
            if (path.EndsWith("/version", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync(
                    """{"Version": "20.10.24", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}""", Now);
            }
            else if (path.EndsWith("/build", StringComparison.Ordinal))
            {
                await context.Request.Body.CopyToAsync(Stream.Null, Now);
                await context.Response.WriteAsync(
                    Interlocked.Increment(ref _builds) <= losses
                        ? JsonSerializer.Serialize(new { error = reason, errorDetail = new { message = reason } })
                        : $$$"""{"aux": {"ID": "{{{Image}}}"}}""",
                    Now);
            }
            else if (path.EndsWith("/json", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync($$"""{"Id": "{{Image}}"}""", Now);
            }
        });
        await engine.StartAsync(Now);
        return engine;
    }
}
