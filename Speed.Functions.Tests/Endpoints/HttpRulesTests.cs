using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Speed.Endpoints;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what holds for every answer.</summary>
public sealed class HttpRulesTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/health")]
    [InlineData("/")]
    [InlineData("/info/1")]
    [InlineData("/no/such/path")]
    [InlineData("/v1/deployments/x")]
    public async Task Every_answer_has_a_request_id_and_the_security_headers(string path)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var answer = await Answer.ReadAsync(await app.Client.GetAsync(path, Now));

        Assert.NotEmpty(answer.Headers["X-Request-Id"]);
        Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
            answer.Headers["Content-Security-Policy"]);
        Assert.Equal(RunningSpeed.IsUnderHost, answer.Headers.ContainsKey("Server"));
    }

    [Theory]
    [InlineData("my-request 7", true)]
    [InlineData("128", true)]
    [InlineData("129", false)]
    [InlineData("a\tb", false)]
    [InlineData("", false)]
    public async Task A_request_id_of_the_client_is_kept_if_it_is_short_and_printable(string given, bool isKept)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = int.TryParse(given, out var length) ? new string('r', length) : given;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);

        using var answer = await app.Client.SendAsync(request, Now);

        Assert.Equal(isKept, answer.Headers.GetValues("X-Request-Id").Single() == id);
    }

    [Theory]
    [InlineData("GET", "/start", "POST")]
    [InlineData("DELETE", "/update", "POST")]
    [InlineData("POST", "/info/1", "GET")]
    [InlineData("POST", "/", "GET")]
    [InlineData("PUT", "/v1/deployments/1", "GET")]
    public async Task A_wrong_method_is_told_the_right_one(string method, string path, string allowed)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        var answer = await Answer.ReadAsync(await app.Client.SendAsync(request, Now));

        Assert.Equal((405, allowed), (answer.Status, answer.Headers["Allow"]));
        Assert.Contains(allowed, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nope", "Not found")]
    [InlineData("/info/", "Not found")]
    [InlineData("/info/one", "Deployment not found")]
    [InlineData("/info/%2B1", "Deployment not found")]
    [InlineData("/info/-1", "Deployment not found")]
    [InlineData("/info/0", "Deployment not found")]
    [InlineData("/info/%201", "Deployment not found")]
    [InlineData("/info/١", "Deployment not found")]
    [InlineData("/info/9223372036854775808", "Deployment not found")]
    [InlineData("/info/99999999999999999999", "Deployment not found")]
    [InlineData("/info/00000000000000000001", "Deployment not found")]
    [InlineData("/results/1.0", "Deployment not found")]
    [InlineData("/results/1e0", "Deployment not found")]
    public async Task An_unknown_path_and_what_is_no_id_are_not_found_in_json(string path, string error)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://github.com/owner/app.git");

        var answer = await Answer.ReadAsync(await app.Client.GetAsync(path, Now));

        Assert.Equal((404, $$"""{"error":"{{error}}"}"""), (answer.Status, answer.Text));
    }

    [Theory]
    [InlineData("/info/1")]
    [InlineData("/info/01")]
    [InlineData("/info/0000000000000000001")]
    public async Task An_id_is_1_to_19_digits(string path)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://github.com/owner/app.git");

        Assert.Equal(1, (await app.GetAsync(path)).GetProperty("id").GetInt64());
    }

    [Fact]
    public async Task Health_is_quick_and_says_ok()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        Assert.Equal("""{"status":"ok"}""", (await app.GetAsync("/health")).GetRawText());
    }

    [Fact]
    public async Task A_locked_database_asks_to_try_again_later_and_stays_readable()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        var database = Path.Combine(app.DataDirectory, "deployments.db");
        using var stranger = new SqliteConnection($"Data Source={database};Pooling=False");
        stranger.Open();
        using var locked = stranger.BeginTransaction(deferred: false);

        var since = TimeProvider.System.GetTimestamp();
        var write = app.SendAsync($"/add_results/{id}", """{"results": "x"}""");
        var info = await app.InfoAsync(id);
        var wasWaiting = !write.IsCompleted;
        var answer = await write;
        var waited = TimeProvider.System.GetElapsedTime(since);
        await locked.RollbackAsync(Now);

        Assert.Equal(503, answer.Status);
        Assert.True(int.Parse(answer.Headers["Retry-After"]) > 0);
        Assert.NotEmpty(answer.Error);
        Assert.Equal("Pending", info.GetProperty("status").GetString());
        Assert.True(wasWaiting);
        Assert.InRange(waited.TotalSeconds, 4.5, 20);
        Assert.Equal(200, (await app.SendAsync($"/add_results/{id}", """{"results": "x"}""")).Status);
    }

    [Fact]
    public async Task A_fault_of_ours_is_a_sentence_with_the_request_id()
    {
        // The fault is real, too: a function whose service is not there.
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" },
            services => services.RemoveAll<OptionsReader>());

        var answer = await app.SendAsync("/start", "{}");

        Assert.Equal(500, answer.Status);
        Assert.Contains(answer.Headers["X-Request-Id"], answer.Error, StringComparison.Ordinal);
    }
}
