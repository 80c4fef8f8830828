using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real HTTP: a scripted engine on its way down, for the real one's race is short.</summary>
public sealed class EngineEndTests
{
    private const string CreatedContainer =
        """
        {
            "Id": "c1",
            "Name": "/speed-0123456789ab-1-1",
            "Config": {
                "Labels": { "speed.instance": "0123456789ab", "speed.deployment": "1", "speed.attempt": "1" }
            },
            "State": { "Status": "created" }
        }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("failed to update store for object type *libnetwork.endpoint: open : no such file or directory")]
    [InlineData("executor failed running [/bin/sh -c make]: exit code: 137")]
    [InlineData("executor failed running [/bin/sh -c make]: exit code: 1")]
    public async Task What_fails_because_the_engine_ends_is_not_the_deployment_s_fault(string reason)
    {
        foreach (var ends in new[] { true, false })
        {
            using var folder = new Data.TempFolder();
            var socket = Path.Combine(folder.FullPath, "d.sock");
            await using var engine = await StartAsync(socket, reason, ends);
            await using var runner = new DockerRunner(
                new DockerOptions { Endpoint = $"unix://{socket}" }, NamedStore.Create("0123456789ab"), NoVolumes.Of("0123456789ab"));
            await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
            var tree = new MemoryTree("FROM busybox\nRUN make\n");
            var plan = new BuildPlan(
                SomeDeployment.Of(1), new string('0', 64), "Dockerfile", "FROM busybox\nRUN make\n", new Dictionary<string, string>());

            var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
                () => runner.BuildAsync(plan, tree, log, Token));

            Assert.Equal(ends, failure.Code == FailureCode.DockerUnavailable);
        }
    }

    [Theory]
    [InlineData(true, FailureCode.DockerUnavailable)]
    [InlineData(false, FailureCode.ContainerStartFailed)]
    public async Task A_start_that_fails_because_the_engine_ends_is_not_the_deployment_s_fault(
        bool ends, FailureCode expected)
    {
        using var folder = new Data.TempFolder();
        var socket = Path.Combine(folder.FullPath, "d.sock");
        await using var engine = await StartAsync(socket, "failed to update store", ends);
        await using var runner = new DockerRunner(
            new DockerOptions { Endpoint = $"unix://{socket}" }, NamedStore.Create("0123456789ab"), NoVolumes.Of("0123456789ab"));
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var container = await runner.FindAsync(SomeDeployment.Of(1), log, Token);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => container!.StartAsync(Token));

        Assert.Equal(expected, failure.Code);
    }

    [Theory]
    [InlineData(true, FailureCode.DockerUnavailable)]
    [InlineData(false, FailureCode.BaseImageUnavailable)]
    public async Task A_registry_that_is_asked_while_the_engine_ends_has_refused_nothing(bool ends, FailureCode expected)
    {
        using var folder = new Data.TempFolder();
        var socket = Path.Combine(folder.FullPath, "d.sock");
        await using var engine = await StartAsync(socket, "cannot get what was asked for", ends);
        using var docker = new DockerConnection($"unix://{socket}");
        var images = new BaseImages(
            docker, new Registries(docker, new RegistryRules(["r.example"], logins: "/nowhere/config.json")), new LocalImages([]),
            NamedStore.Create("0123456789ab"));
        await using var log = await DeploymentLog.OpenAsync(1, new RecordedLog(), TimeProvider.System, Token);
        var asker = new ImageAsker(SomeDeployment.Of(1).Identity, [], Anew: false, log);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => images.ResolveAsync(new ImageName("r.example/base:1", 1, null), asker, Token));

        Assert.Equal(expected, failure.Code);
    }

    // Just enough of an engine for one build, the start of one container, and the question for one image.
    private static async Task<WebApplication> StartAsync(string socket, string reason, bool ends)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        var engine = builder.Build();
        engine.Run(async context =>
        {
            if (context.Request.Path.Value!.EndsWith("/version", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync(
                    """{"Version": "20.10.24", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}""", Token);
            }
            else if (context.Request.Path.Value.EndsWith("/build", StringComparison.Ordinal))
            {
                await context.Request.Body.CopyToAsync(Stream.Null, Token);
                if (ends)
                {
                    File.Delete(socket);
                }

                await context.Response.WriteAsJsonAsync(
                    new { error = reason, errorDetail = new { message = reason } }, Token);
            }
            else if (context.Request.Path.Value.EndsWith("/start", StringComparison.Ordinal)
                || context.Request.Path.Value.StartsWith("/distribution/", StringComparison.Ordinal))
            {
                if (ends)
                {
                    File.Delete(socket);
                }

                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                await context.Response.WriteAsJsonAsync(new { message = reason }, Token);
            }
            else if (context.Request.Path.Value.EndsWith("/json", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync(CreatedContainer, Token);
            }
        });
        await engine.StartAsync(Token);
        return engine;
    }
}
