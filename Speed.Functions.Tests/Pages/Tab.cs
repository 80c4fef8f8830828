using System.Collections.Concurrent;
using Microsoft.Playwright;
using Xunit;

namespace Speed.Tests.Pages;

/// <summary>
/// A page of SPEED's in a browser. A test that leaves it fails where the page threw something, or did what its
/// Content-Security-Policy forbids.
/// </summary>
public sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentQueue<string> _refused = [];
    private readonly ConcurrentDictionary<IRequest, string> _open = [];

    public Tab(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.PageError += (_, fault) => _faults.Enqueue(fault);
        page.Request += (_, request) => _open[request] = $"{request.Method} {request.Url}";
        page.RequestFinished += (_, request) => _open.TryRemove(request, out var _);
        page.RequestFailed += (_, request) =>
        {
            _open.TryRemove(request, out var _);
            _refused.Enqueue($"{request.Method} {request.Url}: {request.Failure}");
        };
        page.Console += (_, message) =>
        {
            // What the network refused is the subject of tests, and told on the page.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _faults.Enqueue(message.Text);
            }
        };
    }

    public IPage Page { get; }

    /// <summary>Whatever has this role and name.</summary>
    public ILocator Find(AriaRole role, string name) => Page.GetByRole(role, new() { Name = name, Exact = true });

    /// <summary>The rows of the list, newest first.</summary>
    public ILocator Rows => Page.Locator("tbody tr");

    /// <summary>The lines of the log that are shown.</summary>
    public ILocator Lines => Page.Locator(".line .text");

    public async Task DeployAsync(string url, string branch = "")
    {
        await Page.GetByLabel("Git URL").FillAsync(url);
        await Page.GetByLabel("Branch").First.FillAsync(branch);
        await Find(AriaRole.Button, "Deploy").ClickAsync();
    }

    public async Task SignInAsync(string token)
    {
        await Page.GetByLabel("Token or admin key").FillAsync(token);
        await Find(AriaRole.Button, "Sign in").ClickAsync();
    }

    public static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    /// <summary>Waits until it is seen.</summary>
    public static Task SeesAsync(ILocator locator) => Expect(locator).ToBeVisibleAsync();

    public Task SeesAsync(string text) => SeesAsync(Page.GetByText(text).First);

    public async ValueTask DisposeAsync()
    {
        // Told with a test that fails: what a page lacks is often what it did not get.
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"The page asked in vain for: {string.Join("; ", _refused)}\nand had no answer yet to: {string.Join("; ", _open.Values)}");
        try
        {
            // For whoever wants to look: a folder for pictures of what each test saw last.
            if (Environment.GetEnvironmentVariable("SPEED_SCREENSHOTS") is { Length: > 0 } folder)
            {
                var name = TestContext.Current.TestMethod!.MethodName;
                await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
            }
        }
        finally
        {
            await _context.DisposeAsync();
        }

        Assert.Empty(_faults);
    }
}
