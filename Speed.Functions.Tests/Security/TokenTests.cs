using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: tokens are made, listed, revoked, and kept as digests.</summary>
public sealed class TokenTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_admin_key_is_made_at_the_first_start_for_the_eyes_of_its_owner_and_stays()
    {
        await using var app = await Keys.OpenAsync();
        var file = Path.Combine(app.DataDirectory, "admin.key");
        var key = app.AdminKey();

        await app.RestartAsync();

        Assert.Equal(43, key.Length);
        Assert.Equal(key, app.AdminKey());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(file).UnixFileMode);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/tokens", key)).Status);
    }

    [Fact]
    public async Task A_key_file_that_others_may_read_stops_the_start_and_says_so()
    {
        await using var app = await Keys.OpenAsync();
        using (var chmod = Process.Start("chmod", ["604", Path.Combine(app.DataDirectory, "admin.key")]))
        {
            await chmod.WaitForExitAsync(Now);
        }

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => app.RestartAsync());

        Assert.Contains("admin.key", fault.Message, StringComparison.Ordinal);
        Assert.Contains("chmod 600", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("0123456789 0123456789 0123456789 0123456789")]
    public void An_admin_key_that_is_easily_guessed_is_refused_and_not_repeated(string key)
    {
        var settings = TestSettings.Of(("Speed__AdminKey", key));

        var fault = Assert.Throws<OptionsValidationException>(() => AccessSettings.Read(settings));

        Assert.StartsWith("Speed__AdminKey must have 32 characters", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operators_own_admin_key_counts_and_none_is_made()
    {
        const string Key = "an-operators-own-key-of-32-letters";
        await using var app = await Keys.OpenAsync(new() { ["Speed__AdminKey"] = Key });

        Assert.Equal(200, (await app.AskAsync("GET", "/v1/tokens", Key)).Status);
        Assert.False(File.Exists(Path.Combine(app.DataDirectory, "admin.key")));
    }

    [Fact]
    public async Task A_token_is_told_once_and_only_its_hash_is_kept()
    {
        await using var app = await Keys.OpenAsync();

        var token = await app.NewTokenAsync(["read"], ["github.com/owner/*"]);

        Assert.Matches("^spd_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$", token);
        var list = await app.AskAsync("GET", "/v1/tokens", app.AdminKey());
        Assert.DoesNotContain(token[17..], list.Text, StringComparison.Ordinal);
        Assert.Contains("github.com/owner/*", list.Text, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(app.DataDirectory, "deployments.db*"))
        {
            await using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var text = new StreamReader(open, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(token[17..], await text.ReadToEndAsync(Now), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_token_may_come_as_a_functions_key_and_is_revoked_at_once()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var before = await app.AskAsync("GET", "/info/1", null, null, ("x-functions-key", token));

        var deleted = await app.AskAsync("DELETE", $"/v1/tokens/{token.Split('_')[1]}", app.AdminKey());

        Assert.Equal((404, 204), (before.Status, deleted.Status));
        Assert.Equal(401, (await app.AskAsync("GET", "/info/1", token)).Status);
        Assert.Equal(404, (await app.AskAsync("DELETE", $"/v1/tokens/{token.Split('_')[1]}", app.AdminKey())).Status);
    }

    [Fact]
    public async Task A_token_with_one_character_changed_is_nobodys()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var changed = token[..^1] + (token[^1] == 'A' ? 'B' : 'A');

        Assert.Equal(401, (await app.AskAsync("GET", "/info/1", changed)).Status);
        Assert.Equal(401, (await app.AskAsync("GET", "/info/1", token + "A")).Status);
    }

    [Fact]
    public async Task A_token_and_its_session_end_when_they_expire()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__Auth"] = "required", ["Speed__MaxRunning"] = "0" },
            services => services.AddSingleton<TimeProvider>(time));
        var made = await app.AskAsync(
            "POST", "/v1/tokens", app.AdminKey(), new { name = "short", scopes = new[] { "read" }, expires_in_s = 60 });
        var token = made.Json.GetProperty("token").GetString()!;
        var session = await app.SignInAsync(token);
        Assert.Equal((404, 404), await StatusesAsync());

        time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal((401, 401), await StatusesAsync());

        async Task<(int, int)> StatusesAsync() => (
            (await app.AskAsync("GET", "/info/1", token)).Status,
            (await app.AskAsync("GET", "/info/1", null, null, session)).Status);
    }

    [Fact]
    public async Task A_leaders_token_is_dead_a_quarter_of_an_hour_after_the_end()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__Auth"] = "required", ["Speed__MaxRunning"] = "0" },
            services => services.AddSingleton<TimeProvider>(time));
        var id = await app.StartWithAsync(app.AdminKey(), "https://github.com/owner/app.git");
        var deployment = await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(id, Now);
        var token = app.Services.GetRequiredService<LeaderTokens>().For(deployment!);

        time.Advance(TimeSpan.FromHours(1));
        var alive = await ReportAsync();
        await app.AskAsync("POST", $"/v1/deployments/{id}/cancel", app.AdminKey());
        time.Advance(TimeSpan.FromSeconds(899));
        var late = await ReportAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        var dead = await ReportAsync();

        Assert.Equal((200, 200, 401), (alive, late, dead));

        async Task<int> ReportAsync() =>
            (await app.AskAsync("POST", $"/add_results/{id}", token, new { results = "x" })).Status;
    }

    [Theory]
    [InlineData("""{"name": "x", "scopes": []}""", "/scopes")]
    [InlineData("""{"name": "x", "scopes": ["root"]}""", "/scopes")]
    [InlineData("""{"name": "x"}""", "/scopes")]
    [InlineData("""{"scopes": ["read"]}""", "/name")]
    [InlineData("""{"name": "x", "scopes": ["admin"], "repos": ["github.com/*"]}""", "/repos")]
    [InlineData("""{"name": "x", "scopes": ["read"], "repos": [""]}""", "/repos")]
    [InlineData("""{"name": "x", "scopes": ["read"], "expires_in_s": 0}""", "/expires_in_s")]
    [InlineData("""{"name": "x", "scopes": ["read"], "value": "mine"}""", "/value")]
    public async Task A_token_that_cannot_be_made_names_the_field(string body, string at)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.SendAsync("/v1/tokens", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal(at, answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task What_was_changed_stands_in_the_audit_with_who_and_how_it_ended_and_no_secret()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["deploy"]);
        var id = await app.StartWithAsync(token, "https://github.com/owner/app.git");
        await app.AskAsync("POST", $"/add_results/{id}", token, new { results = "private words" });
        await app.AskAsync("POST", "/update", app.AdminKey(), new { id, new_results = "Canceled" });
        await app.AskAsync("GET", $"/info/{id}", app.AdminKey());
        await app.AskAsync("POST", "/start", "a wrong key", new { });

        var audit = await app.Services.GetRequiredService<IAccessStore>().ReadAuditAsync(100, Now);

        var who = token.Split('_')[1];
        Assert.Equal(
            [
                ("admin", "AddToken", null, 201), (who, "Start", id, 201), (who, "AddResults", id, 403),
                ("admin", "Update", id, 200),
            ],
            audit.Reverse().Select(entry => (entry.Caller, entry.Action, entry.DeploymentId, entry.Outcome)));
        await using var database = new SqliteConnection($"Data Source={Path.Combine(app.DataDirectory, "deployments.db")}");
        await database.OpenAsync(Now);
        foreach (var change in new[] { "UPDATE audit SET outcome = 0", "DELETE FROM audit" })
        {
            await using var command = database.CreateCommand();
#pragma warning disable CA2100 // Constants.
            command.CommandText = change;
#pragma warning restore CA2100
            await Assert.ThrowsAsync<SqliteException>(() => command.ExecuteNonQueryAsync(Now));
        }
    }
}
