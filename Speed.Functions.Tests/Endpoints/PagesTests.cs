using System.Net;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: the files of the dashboard, and how they are cached.</summary>
public sealed class PagesTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/", "text/html", "POST /start")]
    // By way of the root.
    [InlineData("/ui", "text/html", "POST /start")]
    [InlineData("/ui/", "text/html", "POST /start")]
    [InlineData("/ui/index.html", "text/html", "POST /start")]
    [InlineData("/ui/site.css", "text/css", "main {")]
    [InlineData("/ui/app.js", "text/javascript", "import")]
    [InlineData("/ui/icon.svg", "image/svg+xml", "<svg")]
    public async Task The_page_and_its_style_are_served(string path, string contentType, string words)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await Answer.ReadAsync(await app.Client.GetAsync(path, Now));

        Assert.Equal((200, contentType), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Contains(words, answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_is_asked_for_anew_and_not_sent_anew()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var first = await app.Client.GetAsync("/ui/app.js", Now);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ui/app.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var again = await app.Client.SendAsync(request, Now);

        Assert.True(first.Headers.CacheControl!.NoCache);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Theory]
    [InlineData("/", "If-Match", "application/json; charset=\"utf-8\"")]
    [InlineData("/ui/app.js", "If-Match", "\"other\"")]
    [InlineData("/ui/app.js", "If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:01 GMT")]
    [InlineData("/openapi.json", "If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:01 GMT")]
    public async Task A_page_that_is_not_the_one_asked_for_is_not_sent(string path, string header, string value)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation(header, value);

        var answer = await Answer.ReadAsync(await app.Client.SendAsync(request, Now));

        Assert.Equal((412, ""), (answer.Status, answer.Text));
    }

    [Theory]
    [InlineData("/ui/nothing.html")]
    [InlineData("/ui/..%2Fhost.json")]
    [InlineData("/ui/%2e%2e/host.json")]
    [InlineData("/ui/..%5Chost.json")]
    [InlineData("/ui/%2Fetc%2Fpasswd")]
    [InlineData("/ui/site.css%00")]
    [InlineData("/ui/./../local.settings.json")]
    public async Task Nothing_but_the_pages_is_served(string path)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        // Sent as it is: HttpClient's own Uri would tidy the path up.
        var asItIs = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var uri = new Uri($"{app.Client.BaseAddress!.ToString().TrimEnd('/')}{path}", asItIs);

        var answer = await Answer.ReadAsync(await app.Client.GetAsync(uri, Now));

        Assert.True(answer.Status is 400 or 404, $"{answer.Status}: {answer.Text}");
    }
}
