using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Speed.Deployments;
using Speed.Tests.Security;
using Speed.Tests.Volumes;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: who sees which volumes, and who may take their data out and in.</summary>
public sealed class VolumesTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_sees_the_volumes_of_its_repositories_and_an_administrator_all()
    {
        var engine = new ScriptedEngine();
        await using var app = await OpenAsync(engine);
        var mine = await TakeAsync(app, "https://github.com/you/app.git");
        var theirs = await TakeAsync(app, "https://github.com/them/app.git");
        var lost = $"speed-{app.Services.GetRequiredService<IDeploymentStore>().Instance}-0123456789ab-data";
        engine.Write(lost, "something");
        var token = await app.NewTokenAsync(["read"], ["github.com/you/*"]);
        var none = await app.NewTokenAsync(["deploy"]);

        Assert.Equal([mine], await ListAsync(app, token));
        Assert.Equal(new[] { mine, theirs, lost }.Order(), (await ListAsync(app, app.AdminKey())).Order());
        Assert.Equal(403, (await app.AskAsync("GET", "/v1/volumes", none)).Status);
    }

    [Fact]
    public async Task Data_go_out_and_in_for_administrators_alone()
    {
        var engine = new ScriptedEngine();
        await using var app = await OpenAsync(engine);
        var theirs = await TakeAsync(app, "https://github.com/them/app.git");
        var token = await app.NewTokenAsync(["read", "deploy"], ["github.com/them/*"]);

        foreach (var (method, path) in new[] { ("GET", "export"), ("PUT", "import") })
        {
            var target = $"/v1/volumes/{theirs}/{path}";
            Assert.Equal(401, (await app.AskAsync(method, target, null)).Status);
            Assert.Equal(403, (await app.AskAsync(method, target, token)).Status);
        }

        Assert.Equal(404, (await app.AskAsync("GET", $"/v1/volumes/{theirs}x/export", app.AdminKey())).Status);
    }

    [Fact]
    public async Task Without_an_engine_it_is_said_and_may_be_asked_again()
    {
        await using var app = await SpeedApp.OpenIdleAsync(
            new() { ["Speed__Docker__Endpoint"] = "unix:///nowhere/docker.sock" });

        var answer = await app.Client.GetAsync("/v1/volumes", Now);

        Assert.Equal(503, (int)answer.StatusCode);
        Assert.True(answer.Headers.Contains("Retry-After"));
        Assert.Contains("DOCKER_UNAVAILABLE", await answer.Content.ReadAsStringAsync(Now), StringComparison.Ordinal);
    }

    private static Task<SpeedApp> OpenAsync(ScriptedEngine engine) => SpeedApp.OpenAsync(
        new() { ["Speed__MaxRunning"] = "0", ["Speed__Auth"] = "required" },
        services => services.Replace(ServiceDescriptor.Singleton<IVolumeEngine>(engine)));

    // As a deployment takes one when it gets its container. Gives its name on the engine.
    private static async Task<string> TakeAsync(SpeedApp app, string url)
    {
        var answer = await app.AskAsync(
            "POST", "/v1/deployments", app.AdminKey(),
            new { url, branch = "main", volumes = new[] { new { name = "data", path = "/data" } } });
        Assert.True(answer.Status == 201, answer.Text);
        var deployment = await app.Services.GetRequiredService<IDeploymentStore>()
            .FindAsync(answer.Json.GetProperty("id").GetInt64(), Now);
        await using var log = await DeploymentLog.OpenAsync(1, new MemoryLogStore(), TimeProvider.System, Now);
        var mounts = await app.Services.GetRequiredService<ServiceVolumes>().MountAsync(deployment!, log, Now);
        return mounts.Single().EngineName;
    }

    private static async Task<List<string>> ListAsync(SpeedApp app, string key) =>
    [
        .. (await app.AskAsync("GET", "/v1/volumes", key)).Json.GetProperty("items").EnumerateArray()
            .Select(one => one.GetProperty("engine_name").GetString()!),
    ];
}
