using Microsoft.Extensions.DependencyInjection;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: who is signed in, by a cookie and by what the page sends along with it.</summary>
[Trait("Host", "Both")]
public sealed class SessionTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_s_cookie_is_good_for_nothing_without_what_the_page_keeps()
    {
        await using var app = await Keys.OpenAsync();
        var (one, other) = (await app.SignInAsync(app.AdminKey()), await app.SignInAsync(app.AdminKey()));

        foreach (var path in new[] { "/v1/session", "/v1/events", "/v1/deployments/1/logs?follow=true", "/metrics", "/nothing" })
        {
            Assert.Equal(401, (await app.AskAsync("GET", path, null, null, one[0])).Status);
            Assert.Equal(401, (await app.AskAsync("GET", path, null, null, one[1])).Status);
            Assert.Equal(401, (await app.AskAsync("GET", path, null, null, one[0], other[1])).Status);
            Assert.Equal(401, (await app.AskAsync("GET", path, null, null, one[0], ("Speed-Session", ""))).Status);
        }

        Assert.Equal(401, (await app.AskAsync("DELETE", "/v1/session", null, null, one[0])).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/session", null, null, one)).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/session", null, null, other)).Status);
    }

    [Fact]
    public async Task A_session_is_a_cookie_that_scripts_cannot_read_and_dies_with_its_token()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var answer = await app.AskAsync("POST", "/v1/session", null, new { token });
        var cookie = answer.Headers["Set-Cookie"];
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(token[17..], cookie, StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
        var page = answer.Json.GetProperty("session").GetString()!;
        Assert.DoesNotContain(page, cookie, StringComparison.Ordinal);
        (string, string)[] sent = [("Cookie", cookie.Split(';')[0]), ("Speed-Session", page)];
        var shown = await app.AskAsync("GET", "/v1/session", null, null, sent);
        Assert.Equal("a test", shown.Json.GetProperty("name").GetString());
        Assert.DoesNotContain(page, shown.Text, StringComparison.Ordinal);

        await app.AskAsync("DELETE", $"/v1/tokens/{token.Split('_')[1]}", app.AdminKey());

        Assert.Equal(401, (await app.AskAsync("GET", "/v1/session", null, null, sent)).Status);
    }

    [Fact]
    public async Task Who_signs_out_is_out_and_a_wrong_token_does_not_get_in()
    {
        await using var app = await Keys.OpenAsync();
        var session = await app.SignInAsync(app.AdminKey());
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/gc", null, null, session)).Status);

        var left = await app.AskAsync("DELETE", "/v1/session", null, null, session);
        var wrong = await app.AskAsync("POST", "/v1/session", null, new { token = "wrong" });

        Assert.Equal((204, 401), (left.Status, wrong.Status));
        Assert.Equal(401, (await app.AskAsync("GET", "/v1/gc", null, null, session)).Status);
        Assert.Equal(401, (await app.AskAsync("GET", "/v1/gc", null, null, ("Cookie", "speed_session=x"))).Status);
    }

    [Fact]
    public async Task A_session_of_the_admin_key_ends_when_the_key_is_changed()
    {
        await using var app = await Keys.OpenAsync();
        var session = await app.SignInAsync(app.AdminKey());

        File.Delete(Path.Combine(app.DataDirectory, "admin.key"));
        await app.RestartAsync();

        Assert.Equal(401, (await app.AskAsync("GET", "/v1/session", null, null, session)).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/session", app.AdminKey())).Status);
    }

    [Fact]
    public async Task A_hundred_sessions_are_the_most_of_one_token_and_the_first_makes_room()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["read"]);
        var admin = await app.SignInAsync(app.AdminKey());
        var first = await app.SignInAsync(token);
        var second = await app.SignInAsync(token);

        for (var more = 0; more < 99; more++)
        {
            await app.SignInAsync(token);
        }

        Assert.Equal(401, (await app.AskAsync("GET", "/v1/session", null, null, first)).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/session", null, null, second)).Status);
        Assert.Equal(200, (await app.AskAsync("GET", "/v1/session", null, null, admin)).Status);
    }

    [Fact]
    public async Task Without_keys_there_is_no_session()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await app.AskAsync("POST", "/v1/session", null, new { token = "anything" });

        Assert.Equal(200, answer.Status);
        Assert.False(answer.Headers.ContainsKey("Set-Cookie"));
        Assert.False(answer.Json.TryGetProperty("session", out _));
    }

    [Fact]
    public async Task Nobody_signs_in_with_a_token_that_is_removed_meanwhile()
    {
        await using var app = await Keys.OpenAsync();
        var store = app.Services.GetRequiredService<IAccessStore>();
        var session = new Session(
            KeyText.Hash("a session"), KeyText.Hash("a page"), "removed", null, DateTimeOffset.MaxValue);

        Assert.False(await store.AddSessionAsync(session, Now));
        Assert.Null(await store.FindSessionAsync(session.Hash, Now));
    }
}
