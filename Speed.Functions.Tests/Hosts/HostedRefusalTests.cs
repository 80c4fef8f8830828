using System.Text.Json;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process: what a Functions host and its clients are told, first of all refusals.</summary>
public sealed class HostedRefusalTests(HostedRefusalTests.Guarded guarded) : IClassFixture<HostedRefusalTests.Guarded>
{
    private const string Start = """{"url": "https://github.com/owner/app.git", "branch": "main"}""";
    private const string Other = """{"url": "https://github.com/owner/app.git", "branch": "other"}""";

    // The host waits 15 seconds for an invocation that its worker answers without.
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(2);

    private static readonly (string Name, string Value) Same = ("Idempotency-Key", "one");

    // By what is wrong with it: a request, and its status.
    private static readonly Refused[] All =
    [
        new("GET", "/nowhere", 404),
        new("GET", "/v1/nowhere", 404),
        new("GET", "/ui/nothing.css", 404),
        new("GET", "/info/99999", 404),
        new("GET", "/v1/deployments/99999", 404),
        new("GET", "/info/one", 404),
        new("GET", "/info/+1", 404),
        new("GET", "/info/%D9%A1", 404),
        new("GET", "/info/99999999999999999999", 404),
        new("GET", "/v1/deployments/-1/logs", 404),
        new("DELETE", "/start", 405),
        new("OPTIONS", "/start", 405),
        new("PUT", "/v1/deployments/1", 405),
        new("POST", "/start", 400, "{"),
        new("POST", "/start", 400, "{}"),
        new("POST", "/v1/deployments", 400, """{"url": "gopher://host/app", "branch": "main"}"""),
        new("GET", "/v1/deployments?limit=0", 400),
        new("POST", "/start", 415, Start, Header: ("Content-Type", "text/plain")),
        new("POST", "/start", 413, new string('x', 2 * 1024 * 1024)),
        new("GET", "/v1/queue", 401, Key: ""),
        new("GET", "/v1/queue", 401, Key: "nonsense"),
        new("POST", "/v1/hooks/none/deliver", 401, "{}", Key: ""),
        new("GET", "/v1/tokens", 403, Key: "reader"),
        new("GET", "/nowhere", 401, Key: ""),
        new("GET", "/health", 403, Header: ("Host", "elsewhere.example")),
        new("POST", "/start", 403, Start, Header: ("Origin", "http://elsewhere.example")),
        new("POST", "/v1/deployments/1/retry", 409, "{}"),
        new("POST", "/update", 409, """{"id": 1, "new_results": "Running"}"""),
        new("POST", "/v1/deployments", 422, Other, Header: Same),
        new("POST", "/start", 429, Other),
    ];

    private readonly HostedSpeed _hosted = guarded.Hosted;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public Task What_is_said_at_the_first_start_arrives_at_the_host_and_names_the_file_of_the_admin_key() =>
        _hosted.Host.PrintsAsync(Path.Combine(_hosted.DataDirectory, "admin.key"), Now);

    [Fact]
    public async Task Each_kind_of_refusal_is_what_it_is_without_a_host_and_ends_within_two_seconds()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__MaxQueued"] = "1" });
        var ownKeys = await PrepareAsync(app.Client, app.DataDirectory);
        var hostedKeys = await PrepareAsync(_hosted.Client, _hosted.DataDirectory);
        List<string> faults = [];
        foreach (var refused in All)
        {
            var (own, _) = await AskAsync(app.Client, refused, ownKeys);
            var (hosted, first) = await AskAsync(_hosted.Client, refused, hostedKeys);

            // The second time, for at the first one it is compiled.
            var (_, second) = await AskAsync(_hosted.Client, refused, hostedKeys);

            if (own != hosted || refused.Status != hosted.Status)
            {
                faults.Add($"{refused}: {hosted} and not {own}");
            }

            if (second > EndsWithin && first > EndsWithin)
            {
                faults.Add($"{refused}: ended after {second.TotalSeconds:F1} s");
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Empty(_hosted.Host.Failures);
        Assert.DoesNotContain("   at ", _hosted.Host.Output, StringComparison.Ordinal);
    }

    // A reader's token; deployment 1 has ended; 2 waits, started with an Idempotency-Key, and no other may.
    private static async Task<(string Admin, string Reader)> PrepareAsync(HttpClient client, string data)
    {
        var admin = (await File.ReadAllTextAsync(Path.Combine(data, "admin.key"), Now)).Trim();
        var keys = (admin, "");
        var (token, _) = await AskAsync(
            client, new("POST", "/v1/tokens", 201, """{"name": "reader", "scopes": ["read"], "repos": []}"""), keys);
        await AskAsync(client, new("POST", "/start", 201, Start), keys);
        await AskAsync(client, new("POST", "/v1/deployments/1/cancel", 200, "{}"), keys);
        var (waiting, _) = await AskAsync(client, new("POST", "/v1/deployments", 201, Start, Header: Same), keys);
        Assert.Equal((201, 201), (token.Status, waiting.Status));
        return (admin, JsonElement.Parse(token.Text).GetProperty("token").GetString()!);
    }

    private static async Task<(Told Told, TimeSpan Took)> AskAsync(
        HttpClient client, Refused refused, (string Admin, string Reader) keys)
    {
        using var request = new HttpRequestMessage(new HttpMethod(refused.Method), refused.Path);
        if (refused.Body is { } body)
        {
            request.Content = new StringContent(body, null, "application/json");
        }

        var key = refused.Key switch { null => keys.Admin, "reader" => keys.Reader, _ => refused.Key };
        if (key.Length > 0)
        {
            request.Headers.Authorization = new("Bearer", key);
        }

        if (refused.Header is { } header && !request.Headers.TryAddWithoutValidation(header.Name, header.Value))
        {
            request.Content!.Headers.Remove(header.Name);
            request.Content.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        var since = TimeProvider.System.GetTimestamp();
        using var sent = await client.SendAsync(request, Now);
        var answer = await Answer.ReadAsync(sent);
        var took = TimeProvider.System.GetElapsedTime(since);
        return (Told.By(answer), took);
    }

    /// <summary>A SPEED that wants keys, of whose deployments one may wait.</summary>
    public sealed class Guarded : IAsyncLifetime
    {
        public HostedSpeed Hosted { get; } = new(("Speed__Auth", "required"), ("Speed__MaxQueued", "1"));

        public ValueTask InitializeAsync() => Hosted.InitializeAsync();

        public ValueTask DisposeAsync() => Hosted.DisposeAsync();
    }

    /// <param name="Key">Null for the admin's, empty for none, <c>reader</c> for the token that may only read.</param>
    private sealed record Refused(
        string Method,
        string Path,
        int Status,
        string? Body = null,
        string? Key = null,
        (string Name, string Value)? Header = null)
    {
        public override string ToString() => $"{Method} {Path} ({Status})";
    }

    /// <summary>What a client goes by.</summary>
    private sealed record Told(int Status, string Type, string Allow, string RetryAfter, string Challenge, string Text)
    {
        public static Told By(Answer answer)
        {
            Assert.True(answer.Headers.ContainsKey("X-Request-Id"), $"SPEED never saw it: {answer.Status} {answer.Text}");
            return new Told(
                answer.Status,
                Header("Content-Type"),
                Header("Allow"),
                Header("Retry-After"),
                Header("WWW-Authenticate"),
                answer.Text);

            string Header(string name) => answer.Headers.GetValueOrDefault(name, "");
        }
    }
}
