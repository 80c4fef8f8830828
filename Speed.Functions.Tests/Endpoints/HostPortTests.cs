using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Speed.Data;
using Speed.Deployments;
using Speed.Tests.Hooks;
using Speed.Tests.Proxy;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: which ports of the host are had by number, and by whom.</summary>
[Trait("Host", "Both")]
public sealed class HostPortTests
{
    private const string Url = "https://git.example/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("required", null, 8080, 400)]
    [InlineData("required", "8000-8999,9443", 8999, 201)]
    [InlineData("required", "8000-8999,9443", 9443, 201)]
    [InlineData("required", "8000-8999,9443", 9000, 400)]
    [InlineData("required", "none", 8080, 400)]
    [InlineData("off", null, 8080, 201)]
    [InlineData("off", null, 1024, 201)]
    [InlineData("off", null, 1023, 400)]
    [InlineData("off", null, 7071, 400)]
    [InlineData("off", "7071", 7071, 400)]
    public async Task A_port_of_the_host_is_had_where_the_operator_allows_it(string auth, string? ports, int port, int status)
    {
        await using var app = await OpenAsync(auth, ports);

        foreach (var path in new[] { "/start", "/v1/deployments" })
        {
            var answer = await AskAsync(app, path, Body(port));

            Assert.True(answer.Status == status, answer.Text);
            if (status == 400)
            {
                Assert.Contains($"{port} ", answer.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task SPEEDs_own_port_is_nobodys()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Urls"] = $"http://127.0.0.1:{FreePort.Find()}" });
        var own = app.Services.GetRequiredService<ServiceSettings>().OwnPorts;

        foreach (var port in own)
        {
            var answer = await AskAsync(app, "/v1/deployments", Body(port));
            Assert.True(answer.Status == 400, answer.Text);
            Assert.Equal("/ports/0/host", answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
        }

        Assert.Equal(2, own.Count);
    }

    [Fact]
    public async Task A_port_that_a_service_had_before_stays_its_own_and_the_doctor_lists_it()
    {
        await using var app = await OpenAsync("required", null);
        await HoldAsync(app, 8080);

        var own = await AskAsync(app, "/v1/deployments", Body(8080));
        var whole = await AskAsync(app, "/v1/deployments", Body(8080, branch: "refs/heads/main"));
        var elsewhere = await AskAsync(app, "/v1/deployments", Body(8080, branch: "other"));
        var renamed = await AskAsync(app, "/v1/deployments", Body(8080, name: "other"));
        var strangers = await AskAsync(app, "/v1/deployments", Body(8080, url: "https://git.example/other.git"));
        var another = await AskAsync(app, "/v1/deployments", Body(8081));
        var unnamed = await AskAsync(
            app, "/v1/deployments", new { url = Url, ports = new[] { new { container = 80, host = 8080 } } });

        Assert.Equal(
            (201, 201, 400, 400, 400, 400), (own.Status, whole.Status, elsewhere.Status, renamed.Status, strangers.Status, another.Status));
        // Its branch may turn out to be another one.
        Assert.Equal(400, unnamed.Status);
        Assert.Contains("8080 of deployment 1", await DetailAsync(app, "ports"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_retry_gets_no_port_that_its_service_never_had()
    {
        await using var app = await OpenAsync("required", "8080");
        var store = app.Services.GetRequiredService<DbManager>();
        await store.AddAsync(new NewDeployment(Asking(8081), null, 500), Now);
        var claim = (await store.ClaimNextAsync("worker-1", Now))!.Claim;
        await store.RecordCommitAsync(claim, "main", new string('a', 40), Now);
        await store.SettleAsync(claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);

        var answer = await AskAsync(app, "/v1/deployments/1/retry", null);

        Assert.Equal(409, answer.Status);
        Assert.Contains("8081 may not be asked for", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hook_may_ask_for_what_its_services_have_and_a_delivery_says_what_it_may_not()
    {
        await using var app = await OpenAsync("required", "9443");
        await HoldAsync(app, 8080);
        object HookOf(int port) => new
        {
            name = $"on-{port}",
            forge = "github",
            url = Url,
            branches = new[] { "*" },
            options = new { ports = new[] { new { container = 80, host = port } } },
            secret = HookSender.Secret,
        };

        var refused = await AskAsync(app, "/v1/hooks", HookOf(8081));
        var made = await AskAsync(app, "/v1/hooks", HookOf(8080));
        var pushed = await app.DeliverAsync(Payloads.GithubPush(url: Url, @ref: "refs/heads/other"), hook: "on-8080");

        Assert.Equal(400, refused.Status);
        Assert.Equal("/options/ports/0/host", refused.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.Equal((201, 202), (made.Status, pushed.Status));
        Assert.Equal("ignored", pushed.Decision());
        Assert.Contains("8080 may not be asked for", pushed.Reason(), StringComparison.Ordinal);
        Assert.Contains("`on-8080` asks for a port that its services keep", await DetailAsync(app, "hooks"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HostPorts", "0")]
    [InlineData("HostPorts", "9000-8000")]
    [InlineData("HostPorts", "8000,,9000")]
    [InlineData("HostPorts", "65536")]
    [InlineData("ChosenPorts", "none")]
    [InlineData("ChosenPorts", "1-2,3-4")]
    [InlineData("Address", "0.0.0.0")]
    [InlineData("Address", "192.0.2.1")]
    [InlineData("Address", "::1")]
    [InlineData("Address", "localhost")]
    public void A_setting_that_cannot_be_is_named(string name, string value)
    {
        var settings = TestSettings.Of(($"Speed__Services__{name}", value));

        var fault = Assert.Throws<OptionsValidationException>(() => ServiceSettings.Read(settings));

        Assert.StartsWith($"Speed__Services__{name} must be ", fault.Message, StringComparison.Ordinal);
    }

    private static Task<SpeedApp> OpenAsync(string auth, string? ports) => SpeedApp.OpenIdleAsync(new()
    {
        ["Speed__Auth"] = auth,
        ["Speed__Services__HostPorts"] = ports ?? "",
    });

    private static Task<Answer> AskAsync(SpeedApp app, string path, object? body) =>
        app.AskAsync("POST", path, File.Exists(Path.Combine(app.DataDirectory, "admin.key")) ? app.AdminKey() : null, body);

    private static object Body(int port, string url = Url, string branch = "main", string name = "") =>
        new { url, branch, name, ports = new[] { new { container = 80, host = port } } };

    private static DeploymentOptions Asking(int port) =>
        Data.SomeOptions.Of(Url) with { Branch = "main", Ports = [new PortOption(80, port)] };

    // As an earlier SPEED let it have it.
    private static async Task HoldAsync(SpeedApp app, int port) =>
        await ProxyWorld.UpAsync(app.Services.GetRequiredService<DbManager>(), Asking(port), port);

    private static async Task<string> DetailAsync(SpeedApp app, string name)
    {
        var report = await app.AskAsync("GET", "/v1/doctor", app.AdminKey());
        return report.Json.GetProperty("checks").EnumerateArray()
            .Single(check => check.GetProperty("name").GetString() == name).GetProperty("detail").GetString()!;
    }
}
