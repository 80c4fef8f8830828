using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Speed.Tests.Pages;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives a real browser and the real engine: services, as somebody at the dashboard sees them.</summary>
public sealed class DashboardTests(Browser browser) : IAsyncLifetime
{
    private readonly World _world = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Two_fields_in_and_an_address_out_until_a_newer_one_takes_it_over()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile("first")));
        await using var tab = await browser.OpenAsync(_world.App);

        await tab.DeployAsync(repository.Url, "main");
        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Up", Soon);
        Assert.Equal("first", await GetAsync(Address(tab)));
        await repository.ChangeAsync(r => r.File("Dockerfile", Dockerfile("second")));
        await tab.Find(AriaRole.Link, "Deployments").ClickAsync();
        await Tab.Expect(Up(tab)).ToHaveCountAsync(1);
        Assert.Equal("first", await GetAsync(Address(tab)));
        await tab.DeployAsync(repository.Url, "main");
        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Up", Soon);
        Assert.Equal("second", await GetAsync(Address(tab)));

        await tab.Page.GotoAsync("/#/deployments/1");
        await tab.SeesAsync("Its place was taken by");
        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Canceled", Soon);
        await Tab.Expect(Address(tab)).ToHaveCountAsync(0);
        await tab.Find(AriaRole.Link, "Deployments").ClickAsync();
        await Tab.Expect(Up(tab)).ToHaveCountAsync(1);
        await Tab.Expect(Up(tab)).ToContainTextAsync("127.0.0.1");
    }

    [Fact]
    public async Task A_service_that_is_stopped_is_gone_from_what_is_up_and_can_be_deployed_again()
    {
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile("hello")));
        var up = await _world.UpAsync(await _world.StartAsync(repository));
        await using var tab = await browser.OpenAsync(_world.App);
        await Up(tab).GetByRole(AriaRole.Link).First.ClickAsync();
        await tab.SeesAsync($"listening at {Url(up)}");

        await tab.Find(AriaRole.Button, "Stop").ClickAsync();
        await tab.Find(AriaRole.Button, "Stop it").ClickAsync();
        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Canceled", Soon);
        await tab.SeesAsync("Complete:");
        await tab.Find(AriaRole.Button, "Deploy again").ClickAsync();

        await tab.SeesAsync("again what was");
        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Up", Soon);
        Assert.Equal("hello", await GetAsync(Address(tab)));
    }

    [Fact]
    public async Task A_build_that_fails_tells_why_beside_its_log()
    {
        var repository = await _world.RepositoryAsync(
            r => r.File("Dockerfile", "FROM busybox\nRUN echo on the way; exit 7\n"));
        await using var tab = await browser.OpenAsync(_world.App);

        await tab.DeployAsync(repository.Url, "main");

        await Tab.Expect(Badge(tab)).ToHaveTextAsync("Failed", Soon);
        await Tab.Expect(tab.Page.Locator(".failure")).ToContainTextAsync("BUILD_FAILED");
        await Tab.Expect(tab.Lines.Filter(new() { HasText = "on the way" }).First).ToBeAttachedAsync();
        await Tab.Expect(tab.Page.Locator(".phases .failed")).ToContainTextAsync("build");
    }

    private static LocatorAssertionsToHaveTextOptions Soon => new() { Timeout = 60_000 };

    private static ILocator Badge(Tab tab) => tab.Page.Locator("h1 .badge");

    private static ILocator Up(Tab tab) => tab.Page.Locator(".services > li");

    private static ILocator Address(Tab tab) => tab.Page.Locator(".card .address");

    private static string Url(JsonElement service) => service.GetProperty("endpoints")[0].Text("url");

    // The text in the image's own file, so that no two tests have the same image.
    private static string Dockerfile(string text) => string.Create(CultureInfo.InvariantCulture, $"""
        FROM busybox
        RUN mkdir /www && printf {text} > /www/index.html && echo {Guid.NewGuid()} > /unique
        EXPOSE 8080
        HEALTHCHECK --interval=1s --retries=100 CMD wget -q -O /dev/null http://127.0.0.1:8080/
        CMD exec httpd -f -p 8080 -h /www
        """);

    private static async Task<string> GetAsync(ILocator link)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(await link.First.GetAttributeAsync("href"), Now);
    }
}
