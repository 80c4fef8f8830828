using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: patterns that mean another thing than they seem to are not kept.</summary>
[Trait("Host", "Both")]
public sealed class PatternTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static readonly (string Pattern, string Way)[] Refused =
    [
        ("github.com/owner/**", "write `*`, which stands for any characters, `/` too"),
        ("**", "write `*`"),
        ("./owner/*", "begin with the host, as in github.com/owner/*"),
        ("github.com/owner/../*", "begin with the host"),
        ("github.com/./owner/*", "begin with the host"),
        ("github.com/owner/.", "begin with the host"),
        ("github.com/owner/", "write `/*` for all that is below"),
        ("github.com/owner//", "leave it out"),
        ("github.com/owner/a,github.com/owner/b", "give each pattern as an item of its own"),
        ("github.com/owner/*, gitlab.com/*", "give each pattern as an item of its own"),
        ("https://github.com/owner/*", "patterns without a scheme"),
        ("github.com/owner/app-?", "for no repository's address has it: `*` stands for any characters"),
        ("github.com/owner\\*", "for no repository's address has it"),
        ("github.com/owner/#*", "for no repository's address has it"),
        ("!github.com/owner/vault", "list what is meant"),
        (" github.com/owner/*", "leave them out"),
        ("", "leave it out"),
    ];

    private static readonly Dictionary<string, (string Method, string Path, string Field, string Body)> Keepers = new()
    {
        ["a token's repos"] = ("POST", "/v1/tokens", "repos", """{"name": "a test", "scopes": ["read"]}"""),
        ["a git secret's repos"] = ("PUT", "/v1/secrets/login", "repos", """{"value": "a value", "use": "git"}"""),
        ["a run secret's repos"] = ("PUT", "/v1/secrets/A_KEY", "repos", """{"value": "a value", "use": "run"}"""),
        ["a registry secret's repos"] = ("PUT", "/v1/secrets/login", "repos", """{"value": "a value", "use": "registry"}"""),
        ["a git secret's deployers"] =
            ("PUT", "/v1/secrets/login", "deployers", """{"value": "a value", "use": "git", "repos": ["*"]}"""),
        ["a run secret's deployers"] = ("PUT", "/v1/secrets/A_KEY", "deployers", """{"value": "a value", "use": "run"}"""),
        ["a registry secret's deployers"] =
            ("PUT", "/v1/secrets/login", "deployers", """{"value": "a value", "use": "registry", "repos": ["*"]}"""),
        ["a hook's repos"] = ("POST", "/v1/hooks", "repos",
            """{"name": "app", "forge": "github", "url": "https://github.com/owner/app", "branches": ["*"]}"""),
        ["a notification's repos"] =
            ("POST", "/v1/notifications", "repos", """{"name": "ops", "url": "https://hooks.example/x"}"""),
    };

    public static TheoryData<string> Kept => [.. Keepers.Keys];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task A_pattern_that_seems_to_mean_another_thing_is_refused_with_the_field_and_the_way_out(string what)
    {
        await using var app = await Keys.OpenAsync();
        var (method, path, field, body) = Keepers[what];

        foreach (var (pattern, way) in Refused)
        {
            var answer = await SendAsync(app, method, path, field, body, ["github.com/good/*", pattern]);

            Assert.True(answer.Status == 400, $"{pattern}: {answer.Text}");
            var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray());
            Assert.Equal($"/{field}", error.GetProperty("pointer").GetString());
            Assert.StartsWith($"{field} must ", error.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Contains(way, error.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        var good = await SendAsync(app, method, path, field, body, ["github.com/owner/*", "*/app", "git.example:8443/a.b/c*"]);
        Assert.True(good.Status is 201 or 204, good.Text);
    }

    [Theory]
    [InlineData("**.example.org", "write `*`")]
    [InlineData("*.example.org,*.example.net", "patterns of host names")]
    [InlineData("*.example.org/", "patterns of host names")]
    [InlineData("./*.example.org", "patterns of host names")]
    public async Task A_pattern_of_hosts_is_refused_as_well(string hosts, string way)
    {
        await using var app = await Keys.OpenAsync();

        var answer = await SendAsync(
            app, "POST", "/v1/tokens", "hosts", """{"name": "a test", "scopes": ["deploy"]}""", [hosts]);

        Assert.Equal(400, answer.Status);
        var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal("/hosts", error.GetProperty("pointer").GetString());
        Assert.Contains(way, error.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("github.com/owner/**", true)]
    [InlineData("**", true)]
    [InlineData("github.com/owner/", false)]
    [InlineData("./owner/app", false)]
    [InlineData("github.com/owner/app,github.com/owner/b", false)]
    [InlineData("https://github.com/owner/app", false)]
    public async Task What_stands_on_a_token_or_a_secret_keeps_its_meaning(string pattern, bool matches)
    {
        await using var app = await Keys.OpenAsync();
        var value = KeyText.Token("0123456789ab");
        await app.Services.GetRequiredService<IAccessStore>().AddTokenAsync(
            new AccessToken("0123456789ab", "of before", KeyText.Hash(value), [Scope.Deploy], [pattern], DateTimeOffset.UtcNow, null),
            Now);
        await app.Services.GetRequiredService<SecretVault>().PutAsync(
            new SecretInfo("A_KEY", SecretUse.Run, [pattern], null), "a value", Now);

        var byToken = await app.AskAsync("POST", "/start", value, new { url = Url, branch = "main" });
        var withSecret = await app.AskAsync(
            "POST", "/start", app.AdminKey(), new { url = Url, branch = "main", secrets = new[] { "A_KEY" } });

        Assert.Equal(matches ? 201 : 403, byToken.Status);
        Assert.Equal(matches ? 201 : 400, withSecret.Status);
    }

    private static Task<Answer> SendAsync(
        SpeedApp app, string method, string path, string field, string body, string[] patterns)
    {
        var members = JsonSerializer.Deserialize<Dictionary<string, object>>(body)!;
        members[field] = patterns;
        return app.AskAsync(method, path, app.AdminKey(), members);
    }
}
