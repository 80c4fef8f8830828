using Microsoft.Playwright;
using Speed.Tests.Pages;
using Xunit;

[assembly: AssemblyFixture(typeof(Browser))]

namespace Speed.Tests.Pages;

/// <summary>One Chromium for all tests, started by the first that wants it.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Places =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private const int PatienceMs = 30_000;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Opens a path of SPEED's in a window with cookies of its own.</summary>
    public async Task<Tab> OpenAsync(SpeedApp app, string path = "/")
    {
        var browser = await StartedAsync();
        var context = await browser.NewContextAsync(new() { BaseURL = app.Client.BaseAddress!.ToString() });
        context.SetDefaultTimeout(PatienceMs);
        var tab = new Tab(context, await context.NewPageAsync());
        await tab.Page.GotoAsync(path);
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        _gate.Dispose();
    }

    private async Task<IBrowser> StartedAsync()
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _playwright ??= await Playwright.CreateAsync();
            // A page on a busy machine takes its time.
            Assertions.SetDefaultExpectTimeout(PatienceMs);
            return _browser ??= await _playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Places.FirstOrDefault(File.Exists)
                    ?? throw new InvalidOperationException("Chromium is missing: eng/test installs it on Debian as root."),
                Args =
                [
                    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--no-first-run",
                ],
            });
        }
        finally
        {
            _gate.Release();
        }
    }
}
