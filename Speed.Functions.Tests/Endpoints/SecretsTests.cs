using System.Text.Json;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: secrets go in, and their values never come out.</summary>
public sealed class SecretsTests
{
    private const string Value = "a value\nof two lines \u0007";

    [Fact]
    public async Task A_secret_is_put_listed_without_its_value_replaced_and_deleted()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var made = await app.PutAsync(
            "/v1/secrets/my-login.1",
            new { value = Value, use = "git", repos = new[] { "github.com/owner/*" }, username = "someone" });
        await app.PutAsync("/v1/secrets/A_KEY", new { value = Value, use = "run" });
        var listed = await app.GetAsync("/v1/secrets");
        var replaced = await app.PutAsync(
            "/v1/secrets/my-login.1", new { value = "another", use = "registry", repos = new[] { "registry.example" } });

        Assert.Equal((204, ""), (made.Status, made.Text));
        Assert.Equal(
            """
            {"items":[{"name":"A_KEY","use":"run","repos":[]},{"name":"my-login.1","use":"git","repos":["github.com/owner/*"],"username":"someone"}]}
            """,
            listed.GetRawText());
        Assert.Equal(204, replaced.Status);
        Assert.Contains("\"registry\"", (await app.GetAsync("/v1/secrets")).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(204, (await app.DeleteAsync("/v1/secrets/my-login.1")).Status);
        var gone = await app.DeleteAsync("/v1/secrets/my-login.1");
        Assert.Equal((404, "NOT_FOUND"), (gone.Status, gone.Json.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("A_KEY", """{"use": "run"}""", "/value")]
    [InlineData("A_KEY", """{"value": "", "use": "run"}""", "/value")]
    [InlineData("A_KEY", """{"value": "12345", "use": "run"}""", "/value")]
    [InlineData("A_KEY", """{"value": "123\u0000456", "use": "run"}""", "/value")]
    [InlineData("A_KEY", """{"value": 1234567, "use": "run"}""", "/value")]
    [InlineData("A_KEY", """{"value": "a value"}""", "/use")]
    [InlineData("A_KEY", """{"value": "a value", "use": "Run"}""", "/use")]
    [InlineData("1_KEY", """{"value": "a value", "use": "run"}""", "/name")]
    [InlineData("a-key", """{"value": "a value", "use": "run"}""", "/name")]
    [InlineData("SPEED_TOKEN", """{"value": "a value", "use": "run"}""", "/name")]
    [InlineData("a%20b", """{"value": "a value", "use": "git", "repos": ["*"]}""", "/name")]
    [InlineData("login", """{"value": "a value", "use": "git"}""", "/repos")]
    [InlineData("login", """{"value": "a value", "use": "registry", "repos": []}""", "/repos")]
    [InlineData("login", """{"value": "a value", "use": "git", "repos": ["https://github.com/*"]}""", "/repos")]
    [InlineData("login", """{"value": "a value", "use": "git", "repos": [""]}""", "/repos")]
    [InlineData("A_KEY", """{"value": "a value", "use": "run", "username": "someone"}""", "/username")]
    [InlineData("login", """{"value": "a value", "use": "git", "repos": ["*"], "username": "a:b"}""", "/username")]
    [InlineData("A_KEY", """{"value": "a value", "use": "run", "values": ""}""", "/values")]
    [InlineData("A_KEY", """{"value": "a value", "use": "run", "deployers": [""]}""", "/deployers")]
    [InlineData("login", """{"value": "a value", "use": "git", "repos": ["*"], "deployers": [1]}""", "/deployers")]
    [InlineData("login", """{"value": "a value", "use": "git", "repos": "github.com/*"}""", "/repos")]
    [InlineData("login", """{"value": "a value", "use": "registry", "repos": ["*"], "deployers": ["https://github.com/*"]}""", "/deployers")]
    [InlineData("login", """{"value": "a value", "use": "registry", "repos": ["*"], "deployers": "github.com/*"}""", "/deployers")]
    public async Task What_cannot_be_kept_is_refused_by_name_and_not_repeated(string name, string body, string at)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync($"/v1/secrets/{name}", body, method: HttpMethod.Put);

        Assert.Equal(400, answer.Status);
        Assert.Equal(at, Assert.Single(answer.Json.GetProperty("errors").EnumerateArray()).GetProperty("pointer").GetString());
        Assert.DoesNotContain("a value", answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, (await app.GetAsync("/v1/secrets")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_login_at_a_registry_may_name_whose_deployments_it_is_for_and_says_so()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var repos = new[] { "registry.example" };

        await app.PutAsync(
            "/v1/secrets/a", new { value = Value, use = "registry", repos, deployers = new[] { "github.com/owner/*" } });
        await app.PutAsync("/v1/secrets/b", new { value = Value, use = "registry", repos, deployers = (string[]?)null });

        Assert.Equal(
            """
            {"items":[{"name":"a","use":"registry","repos":["registry.example"],"deployers":["github.com/owner/*"]},{"name":"b","use":"registry","repos":["registry.example"],"deployers":[]}]}
            """,
            (await app.GetAsync("/v1/secrets")).GetRawText());
    }

    [Fact]
    public async Task One_of_any_use_may_name_whose_deployments_it_is_for_and_says_so_where_it_does()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var deployers = new[] { "github.com/owner/*" };

        await app.PutAsync("/v1/secrets/a", new { value = Value, use = "git", repos = new[] { "github.com/*" }, deployers });
        await app.PutAsync("/v1/secrets/B_KEY", new { value = Value, use = "run", deployers });
        await app.PutAsync("/v1/secrets/c", new { value = Value, use = "git", repos = new[] { "*" }, deployers = Array.Empty<string>() });

        Assert.Equal(
            """
            {"items":[{"name":"B_KEY","use":"run","repos":[],"deployers":["github.com/owner/*"]},{"name":"a","use":"git","repos":["github.com/*"],"deployers":["github.com/owner/*"]},{"name":"c","use":"git","repos":["*"]}]}
            """,
            (await app.GetAsync("/v1/secrets")).GetRawText());
    }

    [Theory]
    [InlineData("https://github.com/owner/app.git", 201)]
    [InlineData("https://github.com/others/app.git", 400)]
    public async Task A_variable_is_for_the_deployments_of_its_deployers_alone(string url, int status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = Value, use = "run", deployers = new[] { "github.com/owner/*" } });

        var answer = await StartAsync(app, url, "A_KEY");

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 400, answer.Text.Contains("none of its `deployers` matches github.com/others/app", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(128, 64 * 1024, 204)]
    [InlineData(129, 6, 400)]
    [InlineData(1, (64 * 1024) + 1, 400)]
    public async Task Names_and_values_have_a_longest(int nameLength, int valueLength, int status)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.PutAsync(
            $"/v1/secrets/{new string('A', nameLength)}", new { value = new string('x', valueLength), use = "run" });

        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task A_deployment_lists_secrets_by_names_that_are_there_and_for_it()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = Value, use = "run", repos = new[] { "example.com/*" } });
        await app.PutAsync("/v1/secrets/LOGIN", new { value = Value, use = "git", repos = new[] { "*" } });

        var id = await app.StartAsync("https://example.com/r.git", options: new() { ["secrets"] = new[] { "A_KEY" } });
        var unknown = await StartAsync(app, "https://example.com/r.git", "A_KEY", "B_KEY");
        var login = await StartAsync(app, "https://example.com/r.git", "LOGIN");
        var elsewhere = await StartAsync(app, "https://other.example/r.git", "A_KEY");

        Assert.Equal("""["A_KEY"]""", (await app.GetDeploymentAsync(id)).GetProperty("secrets").GetRawText());
        Assert.Equal((400, 400, 400), (unknown.Status, login.Status, elsewhere.Status));
        Assert.Contains("`B_KEY` does not exist", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("`LOGIN` is for git", login.Error, StringComparison.Ordinal);
        Assert.Contains("`A_KEY` is not for this repository", elsewhere.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_start_is_answered_as_the_first_though_its_secret_is_gone()
    {
        const string Body = """{"url": "https://example.com/r.git", "branch": "main", "secrets": ["A_KEY"]}""";
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = Value, use = "run" });
        await app.SendAsync("/start", Body, idempotencyKey: "a key");
        await app.DeleteAsync("/v1/secrets/A_KEY");

        var again = await app.SendAsync("/start", Body, idempotencyKey: "a key");
        var another = await app.SendAsync("/start", Body, idempotencyKey: "another key");

        Assert.Equal((201, """{"id":1}"""), (again.Status, again.Text));
        Assert.Equal(400, another.Status);
        Assert.Contains("`A_KEY` does not exist", another.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_is_its_owners_alone_and_in_no_backup_and_another_one_stops_nothing()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = Value, use = "run" });
        var key = Path.Combine(app.DataDirectory, "secrets.key");

        using var backup = await app.PostAsync("/v1/backup", new { });
        var path = (await Answer.ReadAsync(backup)).Json.GetProperty("path").GetString()!;
        await using var restored = await SpeedApp.RestoreIdleAsync(path);

        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(key) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.DoesNotContain(Directory.GetFiles(path), file => file.Contains("key", StringComparison.Ordinal));
        Assert.Equal(1, (await restored.GetAsync("/v1/secrets")).GetProperty("items").GetArrayLength());
    }

    private static Task<Answer> StartAsync(SpeedApp app, string url, params string[] secrets) =>
        app.SendAsync("/start", JsonSerializer.Serialize(new { url, branch = "main", secrets }));
}
