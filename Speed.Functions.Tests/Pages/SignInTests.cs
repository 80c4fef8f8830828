using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Speed.Deployments;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Pages;

/// <summary>Drives a real browser: the dashboard of a SPEED that asks for keys.</summary>
public sealed class SignInTests(Browser browser) : IAsyncLifetime
{
    private SpeedApp _app = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _app = await Keys.OpenAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task A_token_opens_the_dashboard_until_its_owner_signs_out()
    {
        await using var tab = await browser.OpenAsync(_app);
        await tab.SignInAsync("spd_1_wrong");
        await tab.SeesAsync("token is not one that SPEED knows");

        await tab.SignInAsync(_app.AdminKey());
        await tab.SeesAsync("Nothing has been deployed yet");
        await tab.Page.ReloadAsync();
        await tab.SeesAsync("Nothing has been deployed yet");
        await tab.Find(AriaRole.Button, "Sign out").ClickAsync();
        await Tab.SeesAsync(tab.Find(AriaRole.Heading, "Sign in"));
        await tab.Page.ReloadAsync();

        await Tab.SeesAsync(tab.Find(AriaRole.Heading, "Sign in"));
    }

    [Fact]
    public async Task The_page_keeps_no_key_and_half_a_session()
    {
        await using var tab = await browser.OpenAsync(_app);
        await tab.SignInAsync(_app.AdminKey());
        await tab.SeesAsync("Nothing has been deployed yet");

        var kept = await tab.Page.EvaluateAsync<string>(
            "JSON.stringify([document.cookie, location.href, {...localStorage}, {...sessionStorage}, document.body.innerHTML])");

        Assert.DoesNotContain(_app.AdminKey(), kept, StringComparison.Ordinal);
        Assert.StartsWith("""["",""", kept, StringComparison.Ordinal);
        Assert.Contains("speed-session", kept, StringComparison.Ordinal);
        var cookie = Assert.Single(await tab.Page.Context.CookiesAsync());
        Assert.True(cookie is { HttpOnly: true, SameSite: SameSiteAttribute.Strict });
    }

    [Fact]
    public async Task A_service_that_is_opened_from_the_dashboard_gets_nothing_that_is_good_elsewhere()
    {
        var got = new TaskCompletionSource<string>();
        await using var service = new ScriptedServer(async context =>
        {
            got.TrySetResult(context.Request.Headers["Cookie"] ?? "");
            await ScriptedServer.SayAsync(context, 200, "hello");
        });
        await using var tab = await browser.OpenAsync(_app);
        await tab.SignInAsync(_app.AdminKey());
        await tab.SeesAsync("Nothing has been deployed yet");

        await tab.Page.GotoAsync(service.Address);
        var kept = await tab.Page.EvaluateAsync<string>("JSON.stringify({...localStorage})");

        // Cookies know no ports: the service has it, and all the same nothing.
        var cookie = await got.Task;
        Assert.Contains("speed_session=", cookie, StringComparison.Ordinal);
        Assert.Equal("{}", kept);
        Assert.Equal(401, (await _app.AskAsync("GET", "/v1/tokens", null, null, ("Cookie", cookie))).Status);
        Assert.Equal(401, (await _app.AskAsync("GET", "/v1/events", null, null, ("Cookie", cookie))).Status);
    }

    [Fact]
    public async Task A_log_is_followed_and_saved_by_who_is_signed_in()
    {
        var id = await _app.StartWithAsync(_app.AdminKey(), "https://github.com/one/app.git");
        var logs = _app.Services.GetRequiredService<ILogStore>();
        await logs.OpenAsync(id, Now);
        await using var tab = await browser.OpenAsync(_app, $"/#/deployments/{id}");
        await tab.SignInAsync(_app.AdminKey());
        await tab.SeesAsync("Live");
        await logs.AppendAsync(
            id,
            new LogChunk([new LogLine(1, DateTimeOffset.UnixEpoch, DeploymentPhase.Run, LogStream.Stdout, "a line", false)], 0),
            Now);
        await Tab.Expect(tab.Lines).ToHaveTextAsync(["a line"]);

        var saved = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Find(AriaRole.Button, "Download").ClickAsync());

        Assert.Equal($"deployment-{id}.log", saved.SuggestedFilename);
        Assert.Contains("a line", await File.ReadAllTextAsync((await saved.PathAsync())!, Now), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_sees_what_it_may_and_is_told_what_it_lacks()
    {
        await _app.StartWithAsync(_app.AdminKey(), "https://github.com/one/app.git");
        await _app.StartWithAsync(_app.AdminKey(), "https://github.com/two/app.git");
        var token = await _app.NewTokenAsync(["read"], ["github.com/one/*"]);
        await using var tab = await browser.OpenAsync(_app);
        await tab.SignInAsync(token);
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);

        await tab.DeployAsync("https://github.com/one/app.git");

        await tab.SeesAsync("deploy");
        await Tab.Expect(tab.Page.Locator("form > .error")).ToContainTextAsync("scope");
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Whoever_is_signed_out_elsewhere_is_asked_to_sign_in()
    {
        var token = await _app.NewTokenAsync(["read"]);
        await using var tab = await browser.OpenAsync(_app);
        await tab.SignInAsync(token);
        await tab.SeesAsync("Nothing has been deployed yet");
        var id = token.Split('_')[1];

        Assert.Equal(204, (await _app.AskAsync("DELETE", $"/v1/tokens/{id}", _app.AdminKey())).Status);
        // Unless the page has noticed by itself by now.
        await tab.Page.EvaluateAsync("document.querySelector('[aria-label=Status]')?.dispatchEvent(new Event('change'))");

        await Tab.SeesAsync(tab.Find(AriaRole.Heading, "Sign in"));
    }
}
