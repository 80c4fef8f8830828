using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Speed.Deployments;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.Pages;

/// <summary>Drives a real browser: one deployment's page, its log written as the worker would.</summary>
public sealed class DeploymentPageTests(Browser browser) : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private SpeedApp _app = null!;
    private long _id;
    private long _n;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private ILogStore Logs => _app.Services.GetRequiredService<ILogStore>();

    private string Path => $"/#/deployments/{_id}";

    public async ValueTask InitializeAsync()
    {
        // At an address that is the same after a restart, for a page comes again where it was.
        _app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Urls"] = $"http://127.0.0.1:{FreePort.Find()}" });
        _id = await _app.StartAsync("https://github.com/owner/app.git");
        await Logs.OpenAsync(_id, Now);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Output_is_text_whatever_it_looks_like()
    {
        await AppendAsync(
            "<img src=x onerror=\"document.title='taken'\"><b>bold</b>",
            "\u001b[1;31mred\u001b[0m plain \u001b[38;2;1;2;3mrgb\u001b[m",
            "\u001b[2J\u001b]0;title\u0007 bell, \u202egnitirw");
        await _app.UpdateAsync(_id, "<script>alert(1)</script>\n\u001b[32mgreen\u001b[0m\u0007");
        await using var tab = await browser.OpenAsync(_app, Path);
        await Tab.Expect(tab.Lines).ToHaveCountAsync(3);

        Assert.Equal(0, await tab.Page.Locator(".line img, .line b, pre script").CountAsync());
        await Tab.Expect(tab.Lines.Nth(0)).ToHaveTextAsync("<img src=x onerror=\"document.title='taken'\"><b>bold</b>");
        await Tab.Expect(tab.Lines.Nth(1)).ToHaveTextAsync("red plain rgb");
        await Tab.Expect(tab.Lines.Nth(1).Locator(".fg-red.bold")).ToHaveTextAsync("red");
        await Tab.Expect(tab.Lines.Nth(1).Locator("span").Last).ToHaveCSSAsync("color", "rgb(1, 2, 3)");
        await Tab.Expect(tab.Lines.Nth(2)).ToHaveTextAsync("␛[2J␛]0;title␇ bell, <U+202E>gnitirw");
        await Tab.Expect(tab.Page.Locator("pre")).ToHaveTextAsync("<script>alert(1)</script> green␇");
        Assert.Equal($"Deployment {_id} · SPEED", await tab.Page.TitleAsync());
    }

    [Fact]
    public async Task A_log_is_shown_as_it_comes_and_a_gap_is_named()
    {
        await using var tab = await browser.OpenAsync(_app, Path);
        await tab.SeesAsync("Live");

        await AppendAsync("one");
        await Tab.Expect(tab.Lines).ToHaveTextAsync(["one"]);
        await Logs.AppendGapAsync(_id, new LogGap(++_n, _n, "the engine was gone", null), Now);
        await AppendAsync("three");
        await Tab.Expect(tab.Lines).ToHaveTextAsync(
            ["one", "an unknown number of bytes are missing here: the engine was gone", "three"]);
        await Logs.CloseAsync(_id, Now);
        await _app.UpdateAsync(_id, "Succeeded");

        await tab.SeesAsync("not all of them kept");
        await Tab.Expect(tab.Page.Locator("h1 .badge")).ToHaveTextAsync("Succeeded");
    }

    [Fact]
    public async Task A_log_of_many_lines_begins_with_its_last_ones_and_earlier_ones_are_a_button_away()
    {
        await AppendAsync([.. Enumerable.Range(1, 2_500).Select(n => $"line {n}")]);
        await Logs.CloseAsync(_id, Now);
        await _app.UpdateAsync(_id, "Succeeded");
        await using var tab = await browser.OpenAsync(_app, Path);
        await tab.SeesAsync("Complete: 2500 lines");
        await Tab.Expect(tab.Lines).ToHaveCountAsync(1_000);
        Assert.True(await tab.Page.Locator(".lines").EvaluateAsync<bool>(
            "box => box.scrollTop > 0 && box.scrollHeight - box.scrollTop - box.clientHeight < 2"));
        var earlier = tab.Find(AriaRole.Button, "Show earlier lines");

        await earlier.ClickAsync();
        await Tab.Expect(tab.Lines).ToHaveCountAsync(2_000);
        await earlier.ClickAsync();
        await Tab.Expect(tab.Lines).ToHaveCountAsync(2_500);

        await Tab.Expect(earlier).ToBeHiddenAsync();
        Assert.Equal(
            Enumerable.Range(1, 2_500).Select(n => $"line {n}"), await tab.Lines.AllTextContentsAsync());
    }

    [Fact]
    public async Task A_gap_of_a_million_lines_is_one_row_and_what_was_before_it_one_button_away()
    {
        await AppendAsync([.. Enumerable.Range(1, 300).Select(n => $"line {n}")]);
        await Logs.AppendGapAsync(_id, new LogGap(301, 1_000_300, "the log was full", 9_000_000), Now);
        _n = 1_000_300;
        await AppendAsync([.. Enumerable.Range(1, 400).Select(n => $"late {n}")]);
        await using var tab = await browser.OpenAsync(_app, Path);
        await Tab.Expect(tab.Lines).ToHaveCountAsync(401);

        await tab.Find(AriaRole.Button, "Show earlier lines").ClickAsync();

        await Tab.Expect(tab.Lines).ToHaveCountAsync(701);
        await Tab.Expect(tab.Lines.First).ToHaveTextAsync("line 1");
        await Tab.Expect(tab.Page.Locator(".gap")).ToHaveTextAsync("3019,000,000 bytes are missing here: the log was full");
        await Tab.Expect(tab.Find(AriaRole.Button, "Show earlier lines")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task The_log_can_be_searched()
    {
        await AppendAsync("an apple", "a pear", "APPLES");
        await using var tab = await browser.OpenAsync(_app, Path);
        await Tab.Expect(tab.Lines).ToHaveCountAsync(3);

        await tab.Page.GetByLabel("Search the log").FillAsync("apple");
        await tab.Page.GetByLabel("Search the log").PressAsync("Enter");

        await Tab.Expect(tab.Lines).ToHaveTextAsync(["an apple", "APPLES"]);
    }

    [Fact]
    public async Task The_log_goes_on_where_it_was_after_SPEED_was_away()
    {
        await AppendAsync("one", "two");
        await using var tab = await browser.OpenAsync(_app, Path);
        await Tab.Expect(tab.Lines).ToHaveCountAsync(2);

        await _app.RestartAsync(meanwhile: () => tab.SeesAsync("The connection is lost"));
        await AppendAsync("three");

        await Tab.Expect(tab.Lines).ToHaveTextAsync(["one", "two", "three"]);
        await tab.SeesAsync("Live");
    }

    [Fact]
    public async Task A_tab_that_nobody_looks_at_holds_no_connection_and_misses_nothing()
    {
        await AppendAsync("one");
        await using var tab = await browser.OpenAsync(_app, Path);
        await Tab.Expect(tab.Lines).ToHaveCountAsync(1);

        await HideAsync(tab, isHidden: true);
        await StreamsAreAsync(0);
        await AppendAsync("two");
        await HideAsync(tab, isHidden: false);

        await Tab.Expect(tab.Lines).ToHaveTextAsync(["one", "two"]);
        await StreamsAreAsync(1);
    }

    [Fact]
    public async Task Whoever_leaves_before_it_is_read_leaves_no_connection_behind()
    {
        await using var tab = await browser.OpenAsync(_app);
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
        var asked = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        await tab.Page.RouteAsync($"**/v1/deployments/{_id}", async route =>
        {
            asked.SetResult();
            await leave.Task;
            await route.ContinueAsync();
        });
        await tab.Rows.First.GetByRole(AriaRole.Link).ClickAsync();
        await asked.Task;

        await tab.Find(AriaRole.Link, "Deployments").ClickAsync();
        var answered = tab.Page.WaitForResponseAsync($"**/v1/deployments/{_id}");
        leave.SetResult();
        await (await answered).FinishedAsync();
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);

        await StreamsAreAsync(1);
        Assert.Equal(0, await tab.Page.EvaluateAsync<int>(
            "performance.getEntriesByType('resource').filter(one => one.name.includes('/logs')).length"));
    }

    [Fact]
    public async Task What_SPEED_did_not_answer_is_asked_again()
    {
        await using var tab = await browser.OpenAsync(_app);
        await Tab.Expect(tab.Rows).ToHaveCountAsync(1);
        await tab.Page.RouteAsync($"**/v1/deployments/{_id}", route => route.AbortAsync(), new() { Times = 1 });

        await tab.Rows.First.GetByRole(AriaRole.Link).ClickAsync();
        await tab.SeesAsync("SPEED does not answer");

        await tab.SeesAsync("Waiting at position 1");
        await Tab.Expect(tab.Page.Locator("article > .error")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_result_is_seen_while_it_goes_on()
    {
        await using var tab = await browser.OpenAsync(_app, Path);
        await tab.SeesAsync("Live");

        await _app.UpdateAsync(_id, "half way");

        await Tab.Expect(tab.Page.Locator("pre")).ToHaveTextAsync("half way");
    }

    [Fact]
    public async Task It_is_stopped_only_after_a_question()
    {
        await using var tab = await browser.OpenAsync(_app, Path);
        await tab.Find(AriaRole.Button, "Cancel").ClickAsync();
        await tab.Find(AriaRole.Button, "Let it go on").ClickAsync();
        Assert.Equal("Pending", (await _app.InfoAsync(_id)).GetProperty("status").GetString());

        await tab.Find(AriaRole.Button, "Cancel").ClickAsync();
        await tab.Find(AriaRole.Button, "Stop it").ClickAsync();

        await Tab.Expect(tab.Page.Locator("h1 .badge")).ToHaveTextAsync("Canceled");
        await Tab.Expect(tab.Find(AriaRole.Button, "Cancel")).ToBeHiddenAsync();
        Assert.Equal("Canceled", (await _app.InfoAsync(_id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Why_it_failed_and_what_it_found_are_told()
    {
        await _app.UpdateAsync(_id, "half way");
        await _app.UpdateAsync(_id, "Failed");
        await using var tab = await browser.OpenAsync(_app, Path);

        await Tab.Expect(tab.Page.Locator(".failure")).ToContainTextAsync("DECLARED_BY_LEADER");
        await Tab.Expect(tab.Page.Locator("figure").First).ToContainTextAsync("half way");
    }

    [Fact]
    public async Task One_that_is_not_there_says_so()
    {
        await using var tab = await browser.OpenAsync(_app, "/#/deployments/99");

        await tab.SeesAsync("Deployment not found");
    }

    private static async Task HideAsync(Tab tab, bool isHidden) => await tab.Page.EvaluateAsync(
        "isHidden => { Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });"
        + "document.dispatchEvent(new Event('visibilitychange')); }",
        isHidden);

    private async Task StreamsAreAsync(int count)
    {
        var streams = _app.Services.GetRequiredService<OpenStreams>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (streams.Count != count)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private Task AppendAsync(params string[] texts) => Logs.AppendAsync(
        _id,
        new LogChunk(
            [.. texts.Select(text => new LogLine(++_n, At, DeploymentPhase.Run, LogStream.Stdout, text, false))], 0),
        Now);
}
