using System.Text.Json;
using Speed.Tests.Hooks;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: hooks as resources.</summary>
public sealed class HooksTests
{
    [Fact]
    public async Task A_hook_is_made_shown_changed_and_deleted()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var made = await app.AddHookAsync(paths: ["src/*"], options: new { env = new { A = "two\nlines" } });
        var again = await app.SendAsync("/v1/hooks", Good());
        var listed = (await app.GetAsync("/v1/hooks")).GetProperty("items")[0];
        var changed = await app.PutAsync(
            "/v1/hooks/app", new { forge = "github", url = "https://git.example/other.git", branches = new[] { "main" } });
        var shown = await app.GetAsync("/v1/hooks/app");

        Assert.Equal("/v1/hooks/app", made.Headers["Location"]);
        Assert.Equal(app.Client.BaseAddress + "v1/hooks/app/deliver", made.Json.GetProperty("delivery_url").GetString());
        Assert.Equal((409, "HOOK_EXISTS"), (again.Status, again.Json.GetProperty("code").GetString()));
        Assert.Equal("""{"env":{"A":"two\nlines"}}""", listed.GetProperty("options").GetRawText());
        Assert.Equal("""["src/*"]""", listed.GetProperty("paths").GetRawText());
        Assert.Equal(200, changed.Status);
        Assert.Equal(changed.Text, shown.GetRawText());
        Assert.Equal("https://git.example/other.git", shown.GetProperty("url").GetString());
        Assert.Equal(made.Json.GetProperty("created_at").GetRawText(), shown.GetProperty("created_at").GetRawText());
        // The secret is the same.
        Assert.Equal(202, (await app.DeliverAsync(Payloads.GithubPush())).Status);
        Assert.Equal(204, (await app.DeleteAsync("/v1/hooks/app")).Status);
        Assert.Equal(404, (await app.DeleteAsync("/v1/hooks/app")).Status);
        Assert.Equal(404, (await app.PutAsync("/v1/hooks/app", JsonSerializer.Deserialize<JsonElement>(Good(name: null)))).Status);
        Assert.Equal(401, (await app.DeliverAsync(Payloads.GithubPush())).Status);
    }

    [Fact]
    public async Task A_secret_is_made_where_none_is_given_and_another_takes_its_place()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var made = await app.SendAsync("/v1/hooks", Good());
        var body = Payloads.GithubPush().ToJsonString();
        var secret = made.Json.GetProperty("secret").GetString()!;
        var first = await app.DeliverRawAsync(body, ("X-Hub-Signature-256", HookSender.Sign(body, secret)));
        var put = await app.PutAsync("/v1/hooks/app", JsonSerializer.Deserialize<JsonElement>(
            Good(name: null, more: "\"secret\": \"correct-horse-battery\"")));
        var old = await app.DeliverRawAsync(body, ("X-Hub-Signature-256", HookSender.Sign(body, secret)));
        var next = await app.DeliverAsync(Payloads.GithubPush());

        Assert.Equal(43, secret.Length);
        Assert.Equal((202, 200, 401, 202), (first.Status, put.Status, old.Status, next.Status));
        Assert.DoesNotContain("correct-horse", put.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"forge": "github", "url": "https://git.example/r", "branches": ["*"]}""", "/name")]
    [InlineData("""{"name": "..", "forge": "github", "url": "https://git.example/r", "branches": ["*"]}""", "/name")]
    [InlineData("""{"name": "a/b", "forge": "github", "url": "https://git.example/r", "branches": ["*"]}""", "/name")]
    [InlineData("""{"name": "a", "url": "https://git.example/r", "branches": ["*"]}""", "/forge")]
    [InlineData("""{"name": "a", "forge": "GitHub", "url": "https://git.example/r", "branches": ["*"]}""", "/forge")]
    [InlineData("""{"name": "a", "forge": "github", "branches": ["*"]}""", "/url")]
    [InlineData("""{"name": "a", "forge": "github", "url": "ftp://git.example/r", "branches": ["*"]}""", "/url")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r"}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": []}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": "main"}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": [""]}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": [1]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["feature branch"], "paths": []}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["refs/tags/v1"], "paths": []}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["HEAD"], "paths": []}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*", "!*"], "paths": []}""", "/branches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["../src/*"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["src/[ab].c"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["src\\*"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["!"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["docs/*", "!docs/*"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": ["{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}{m,n}"]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "paths": [" , "]}""", "/paths")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "secret": "too short"}""", "/secret")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "secret": "sixteen letters ü"}""", "/secret")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "brunches": []}""", "/brunches")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "options": {"url": "x"}}""", "/options/url")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "options": {"commit": "x"}}""", "/options/commit")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "options": {"brunch": "x"}}""", "/options/brunch")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "options": {"timeouts": {"run_s": -1}}}""", "/options/timeouts/run_s")]
    [InlineData("""{"name": "a", "forge": "github", "url": "https://git.example/r", "branches": ["*"], "options": {"secrets": ["NONE"]}}""", "/options/secrets/0")]
    public async Task What_cannot_be_kept_is_refused_by_name(string body, string at)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync("/v1/hooks", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal(at, answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.DoesNotContain("too short\"", answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, (await app.GetAsync("/v1/hooks")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Patterns_are_kept_as_they_are_meant_and_say_so_where_they_cannot_be()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var made = await app.AddHookAsync(
            branches: ["refs/heads/main", "feature/"], paths: ["/www/*", "./src/", "**/*.cs", "!docs/*", "a/*, *.{ts,tsx}"]);
        var refused = await app.PutAsync(
            "/v1/hooks/app",
            new { forge = "github", url = Payloads.Url, branches = new[] { "origin/main" }, paths = new[] { "src/?.cs" } });

        Assert.Equal("""["main","feature/*"]""", made.Json.GetProperty("branches").GetRawText());
        Assert.Equal(
            """["www/*","src/*","**/*.cs","!docs/*","a/*","*.ts","*.tsx"]""", made.Json.GetProperty("paths").GetRawText());
        Assert.Equal(
            ["branches must name branches as the forge shows them: leave `origin/` out.",
                "paths must not have `?` in a pattern: `*` stands for any characters."],
            refused.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task The_address_is_the_one_by_which_the_forge_reaches_the_proxy()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__AllowedHosts"] = "speed.example" });
        var body = JsonSerializer.Deserialize<JsonElement>(Good());
        // A Functions host is such a proxy itself, and says which name it was called by.
        var (header, scheme) = RunningSpeed.IsUnderHost ? ("Host", "http") : ("X-Forwarded-Host", "https");

        var made = await app.AskAsync(
            "POST", "/v1/hooks", app.AdminKey(), body, (header, "speed.example"), ("X-Forwarded-Proto", scheme));
        var strange = await app.AskAsync("GET", "/v1/hooks/app", app.AdminKey(), null, (header, "evil.example"));

        Assert.Equal($"{scheme}://speed.example/v1/hooks/app/deliver", made.Json.GetProperty("delivery_url").GetString());
        Assert.Equal(403, strange.Status);
    }

    private static string Good(string? name = "app", string more = "\"paths\": []") =>
        $$"""{{{(name is null ? "" : $"\"name\": \"{name}\",")}} "forge": "github", "url": "{{Payloads.Url}}", "branches": ["*"], {{more}}}""";
}
