using Microsoft.Playwright;
using Xunit;

namespace Speed.Tests.Pages;

/// <summary>Drives a real browser: the first page, with the form and every deployment as it stands.</summary>
public sealed class DeploymentListTests(Browser browser) : IAsyncLifetime
{
    private const string Url = "https://github.com/owner/app.git";

    private SpeedApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await SpeedApp.OpenIdleAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Two_fields_start_a_deployment_and_lead_to_it()
    {
        await using var tab = await browser.OpenAsync(_app);

        await tab.DeployAsync(Url, "main");

        await tab.SeesAsync("Waiting at position 1");
        Assert.EndsWith("#/deployments/1", tab.Page.Url, StringComparison.Ordinal);
        Assert.Equal("Deployment 1 · SPEED", await tab.Page.TitleAsync());
        Assert.Equal("main", (await _app.GetDeploymentAsync(1)).GetProperty("branch").GetString());
    }

    [Fact]
    public async Task What_turns_the_direction_of_writing_is_shown_in_every_field_of_every_page()
    {
        const string Branch = "a\u202egnp.\u2066b";
        const string Shown = "a<U+202E>gnp.<U+2066>b";
        await _app.StartAsync(Url, Branch, new() { ["subdirectory"] = "x\u200fy", ["env"] = new { A = "\u202ebad" } });
        await using var list = await browser.OpenAsync(_app);
        await list.SeesAsync(Shown);
        await using var one = await browser.OpenAsync(_app, "/#/deployments/1");
        await one.SeesAsync(Shown);
        await one.Page.GotoAsync("/#/", new() { WaitUntil = WaitUntilState.Commit });

        // The form's own words for what is wrong with a field, which repeat it.
        await one.DeployAsync(Url, "a..\u202eb");

        await Tab.Expect(one.Page.Locator("#error-branch")).ToContainTextAsync("a..<U+202E>b");
        foreach (var tab in new[] { list, one })
        {
            Assert.DoesNotMatch("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", await tab.Page.Locator("body").InnerTextAsync());
            Assert.Equal(0, await tab.Page.Locator("[title*='\u202e'], [aria-label*='\u202e']").CountAsync());
        }
    }

    [Fact]
    public async Task Every_option_of_the_form_reaches_the_deployment()
    {
        await using var tab = await browser.OpenAsync(_app);
        await tab.Page.GetByText("Options", new() { Exact = true }).ClickAsync();
        await tab.Page.GetByLabel("Subdirectory").FillAsync("api");
        await tab.Page.GetByLabel("Dockerfile").FillAsync("ops/Dockerfile");
        await tab.Page.GetByLabel("Host names").FillAsync("a.example.org, b.example.org");
        await tab.Page.GetByLabel("Ports").FillAsync("80, 18080:8080");
        await tab.Page.GetByLabel("Environment").FillAsync("A=1\nB=x=y");
        await tab.Page.GetByLabel("Ends after (seconds)").FillAsync("600");
        await tab.Page.GetByLabel("Health path").FillAsync("app.example.org/health");
        await tab.Page.GetByLabel("Started again").FillAsync("always");
        await tab.Page.GetByLabel("When no longer healthy").FillAsync("restart");
        await tab.Page.GetByLabel("Time to stop (seconds)").FillAsync("60");
        await tab.Page.GetByLabel("Shared memory (MB)").FillAsync("128");
        await tab.Page.GetByLabel("Capabilities").FillAsync("SYS_CHROOT");
        await tab.Page.GetByLabel("Kind").SelectOptionAsync("service");

        await tab.DeployAsync(Url);

        await tab.SeesAsync("Waiting at position 1");
        var made = await _app.GetDeploymentAsync(1);
        string[] members =
        [
            "subdirectory", "dockerfile", "hosts", "ports", "env", "ttl_s", "kind", "restart", "on_unhealthy", "stop_grace_s",
            "shm_mb", "cap_add",
        ];
        var health = made.GetProperty("health");
        Assert.Equal(("app.example.org", "/health"), (health.GetProperty("host").GetString(), health.GetProperty("path").GetString()));
        Assert.Equal(
            """
            "api"|"ops/Dockerfile"|["a.example.org","b.example.org"]|[{"container":80,"host":null},{"container":8080,"host":18080}]|{"A":"1","B":"x=y"}|600|"service"|"always"|"restart"|60|128|["SYS_CHROOT"]
            """,
            string.Join('|', members.Select(name => made.GetProperty(name).GetRawText())));
    }

    [Fact]
    public async Task What_is_wrong_with_a_field_is_said_beside_it_and_nothing_typed_is_lost()
    {
        await using var tab = await browser.OpenAsync(_app);
        await tab.Page.GetByText("Options", new() { Exact = true }).ClickAsync();
        await tab.Page.GetByLabel("Ports").FillAsync("1:2:3");
        await tab.Page.GetByLabel("Ends after (seconds)").FillAsync("10m");
        await tab.Page.GetByText("Options", new() { Exact = true }).ClickAsync();

        await tab.DeployAsync("ftp://example.org/app.git", "a..b");

        await Tab.Expect(tab.Page.Locator("#error-url")).ToContainTextAsync("ftp");
        await Tab.Expect(tab.Page.Locator("#error-branch")).ToContainTextAsync("a..b");
        await Tab.SeesAsync(tab.Page.Locator("#error-ports"));
        await Tab.SeesAsync(tab.Page.Locator("#error-ttl_s"));
        await Tab.Expect(tab.Page.GetByLabel("Ports")).ToHaveValueAsync("1:2:3");
        await Tab.Expect(tab.Page.GetByLabel("Git URL")).ToHaveValueAsync("ftp://example.org/app.git");
        Assert.Equal(0, (await _app.GetAsync("/v1/deployments")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task An_answer_lost_on_its_way_and_a_second_try_start_one_deployment()
    {
        await using var tab = await browser.OpenAsync(_app);
        var isLost = false;
        await tab.Page.RouteAsync("**/v1/deployments", async route =>
        {
            await route.FetchAsync();
            isLost = true;
            await route.AbortAsync();
        }, new() { Times = 1 });
        await tab.DeployAsync(Url);
        await tab.SeesAsync("SPEED does not answer");

        await tab.Find(AriaRole.Button, "Deploy").ClickAsync();

        await tab.SeesAsync("Waiting at position 1");
        Assert.True(isLost);
        Assert.Equal(1, (await _app.GetAsync("/v1/deployments")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_list_moves_with_every_change()
    {
        await using var tab = await browser.OpenAsync(_app);
        await tab.SeesAsync("Nothing has been deployed yet");

        var id = await _app.StartAsync(Url);
        await Tab.Expect(tab.Rows.First).ToContainTextAsync("github.com/owner/app");
        await Tab.Expect(tab.Rows.First).ToContainTextAsync("Pending");
        await _app.UpdateAsync(id, "Running");
        await Tab.Expect(tab.Rows.First).ToContainTextAsync("Running");
        await _app.UpdateAsync(id, "Failed");

        await Tab.Expect(tab.Rows.First).ToContainTextAsync("Failed DECLARED_BY_LEADER");
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_filter_shows_what_is_like_it()
    {
        var ended = await _app.StartAsync("https://github.com/owner/other.git");
        await _app.StartAsync(Url);
        await _app.UpdateAsync(ended, "Succeeded");
        await using var tab = await browser.OpenAsync(_app);
        await Tab.Expect(tab.Rows).ToHaveCountAsync(2);

        await tab.Page.GetByLabel("Status").SelectOptionAsync("Succeeded");
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
        await Tab.Expect(tab.Rows.First).ToContainTextAsync("github.com/owner/other");
        await tab.Page.GetByLabel("Status").SelectOptionAsync("Failed");

        await tab.SeesAsync("No deployment is like that");
        await Tab.Expect(tab.Rows).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Older_ones_are_a_page_away()
    {
        for (var n = 0; n < 60; n++)
        {
            await _app.StartAsync(Url);
        }

        await using var tab = await browser.OpenAsync(_app);
        await Tab.Expect(tab.Rows).ToHaveCountAsync(50);
        await Tab.Expect(tab.Rows.First).ToContainTextAsync("#60");

        await tab.Find(AriaRole.Button, "Older").ClickAsync();
        await Tab.Expect(tab.Rows).ToHaveCountAsync(10);
        await Tab.Expect(tab.Rows.Last).ToContainTextAsync("#1");
        await Tab.Expect(tab.Find(AriaRole.Button, "Older")).ToBeHiddenAsync();
        await tab.Find(AriaRole.Button, "Newest").ClickAsync();

        await Tab.Expect(tab.Rows.First).ToContainTextAsync("#60");
    }

    [Fact]
    public async Task Under_a_path_of_a_proxy_it_works_as_well()
    {
        await _app.StartAsync(Url);
        await using var tab = await browser.OpenAsync(_app, "/health");
        await tab.Page.RouteAsync("**/prefix/**", async route =>
        {
            var answer = await route.FetchAsync(
                new() { Url = route.Request.Url.Replace("/prefix/", "/", StringComparison.Ordinal) });
            await route.FulfillAsync(new() { Response = answer });
        });
        await tab.Page.RouteAsync("**/events", route => route.AbortAsync());

        await tab.Page.GotoAsync("/prefix/");

        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
        await tab.Rows.First.GetByRole(AriaRole.Link).ClickAsync();
        await tab.SeesAsync("Waiting at position 1");
        Assert.EndsWith("/prefix/#/deployments/1", tab.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_not_there_says_so()
    {
        await using var tab = await browser.OpenAsync(_app, "/#/nothing");

        await tab.SeesAsync("There is no such page");
        await tab.Find(AriaRole.Link, "All deployments").ClickAsync();

        await tab.SeesAsync("Nothing has been deployed yet");
    }

    [Theory]
    [InlineData("app.js", 1)]
    [InlineData("log.js", 3)]
    public async Task A_part_of_the_page_that_could_not_be_fetched_is_asked_for_again(string part, int times)
    {
        await using var tab = await browser.OpenAsync(_app, "/#/");
        await tab.Page.RouteAsync($"**/ui/{part}", route => route.AbortAsync("addressunreachable"), new() { Times = times });

        await tab.Page.ReloadAsync();

        await Tab.SeesAsync(tab.Page.GetByLabel("Git URL"));
    }

    [Fact]
    public async Task What_SPEED_stands_on_is_a_page()
    {
        await using var tab = await browser.OpenAsync(_app, "/#/doctor");

        await Tab.Expect(tab.Page.Locator(".checks li").Filter(new() { HasText = "git" }).First).ToContainTextAsync("ok");
    }
}
