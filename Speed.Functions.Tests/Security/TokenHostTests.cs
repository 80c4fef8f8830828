using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Speed.Tests.Data;
using Speed.Tests.Proxy;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: which hosts a token may ask for.</summary>
[Trait("Host", "Both")]
public sealed class TokenHostTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, null, "app.example.org", 201)]
    [InlineData("github.com/owner/*", null, "app.example.org", 403)]
    [InlineData("github.com/owner/*", "*.example.org", "app.example.org", 201)]
    [InlineData("github.com/owner/*", "*.example.org", "APP.example.org", 201)]
    [InlineData("github.com/owner/*", "*.EXAMPLE.org", "app.example.org", 201)]
    [InlineData("github.com/owner/*", "*.example.org", "app.example.org.evil.test", 403)]
    [InlineData("github.com/owner/*", "app.example.org", "xapp.example.org", 403)]
    [InlineData(null, "app.example.org", "other.example.org", 403)]
    public async Task A_token_asks_for_hosts_that_its_patterns_match(string? repos, string? hosts, string host, int status)
    {
        await using var app = await Keys.OpenAsync();
        var token = await MakeAsync(app, repos, hosts);

        foreach (var path in new[] { "/start", "/v1/deployments" })
        {
            var answer = await app.AskAsync("POST", path, token, new { url = Url, branch = "main", hosts = new[] { host } });
            Assert.True(answer.Status == status, answer.Text);
        }

        Assert.Equal(201, (await app.AskAsync("POST", "/start", token, new { url = Url, branch = "main" })).Status);
    }

    [Fact]
    public async Task A_token_of_before_keeps_all_hosts_and_the_doctor_lists_it()
    {
        await using var app = await Keys.OpenAsync();
        var value = KeyText.Token("0123456789ab");
        await app.Services.GetRequiredService<IAccessStore>().AddTokenAsync(
            new AccessToken(
                "0123456789ab", "of before", KeyText.Hash(value), [Scope.Deploy], ["github.com/owner/*"],
                DateTimeOffset.UtcNow, null),
            Now);
        await MakeAsync(app, "github.com/owner/*", "*");

        var answer = await app.AskAsync(
            "POST", "/start", value, new { url = Url, branch = "main", hosts = new[] { "app.example.org" } });
        var list = await app.AskAsync("GET", "/v1/tokens", app.AdminKey());
        var doctor = await app.AskAsync("GET", "/v1/doctor", app.AdminKey());

        Assert.Equal(201, answer.Status);
        Assert.Equal("[\"*\"]", list.Json.GetProperty("items")[0].GetProperty("hosts").GetRawText());
        var told = Assert.Single(
            doctor.Json.GetProperty("checks").EnumerateArray(), check => check.GetProperty("name").GetString() == "tokens");
        Assert.EndsWith("otherwise: of before (0123456789ab)", told.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 403)]
    [InlineData(true, 201)]
    public async Task A_retry_names_no_host_that_is_not_its_token_s_but_what_its_service_was_up_with(bool wasUp, int status)
    {
        await using var app = await Keys.OpenAsync();
        var store = app.Services.GetRequiredService<DbManager>();
        var options = SomeOptions.Of(Url) with { Branch = "main", Hosts = ["app.example.org"] };
        if (wasUp)
        {
            await ProxyWorld.UpAsync(store, options, 40_000);
        }

        var added = Assert.IsType<AddOutcome.Added>(await store.AddAsync(new NewDeployment(options, null, 500), Now));
        var claim = (await store.ClaimNextAsync("worker-1", Now))!.Claim;
        await store.RecordCommitAsync(claim, "main", new string('a', 40), Now);
        await store.SettleAsync(claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);
        var token = await MakeAsync(app, "github.com/owner/*", hosts: null);

        var answer = await app.AskAsync("POST", $"/v1/deployments/{added.Deployment.Id}/retry", token);

        Assert.True(answer.Status == status, answer.Text);
        Assert.Equal(status == 403, answer.Text.Contains("HOST_NOT_FOR_TOKEN", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("app example.org")]
    [InlineData("https://app.example.org")]
    public async Task A_pattern_that_no_host_is_like_is_refused(string hosts)
    {
        await using var app = await Keys.OpenAsync();

        var answer = await app.AskAsync(
            "POST", "/v1/tokens", app.AdminKey(), new { name = "a test", scopes = new[] { "deploy" }, hosts = new[] { hosts } });

        Assert.Equal(400, answer.Status);
        Assert.Equal("/hosts", answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    private static async Task<string> MakeAsync(SpeedApp app, string? repos, string? hosts)
    {
        var body = new Dictionary<string, object> { ["name"] = "a test", ["scopes"] = new[] { "deploy" } };
        if (repos is not null)
        {
            body["repos"] = new[] { repos };
        }

        if (hosts is not null)
        {
            body["hosts"] = new[] { hosts };
        }

        var answer = await app.AskAsync("POST", "/v1/tokens", app.AdminKey(), body);
        Assert.True(answer.Status == 201, answer.Text);
        return answer.Json.GetProperty("token").GetString()!;
    }
}
