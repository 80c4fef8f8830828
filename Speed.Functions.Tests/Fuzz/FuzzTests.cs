using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Tests.OpenApi;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Fuzz;

/// <summary>Drives SPEED over HTTP: thousands of requests made from the document, good and bad.</summary>
/// <remarks>
/// To a SPEED that starts nothing: it never fails, and every answer is as described.
/// <c>SPEED_FUZZ</c> sets how many, <c>SPEED_FUZZ_SEED</c> begins with the one that failed.
/// </remarks>
public sealed class FuzzTests
{
    private const int Clients = 4;
    private const int MostBackups = 5;
    private const int LargeBody = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // For answers that stay open.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(30);

    private static readonly long Count = Scale.Requests;

    private readonly Links _links = new();
    private int _backups;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_is_asked_SPEED_answers_as_it_says()
    {
        await using var app = await OpenAsync("off");

        await new RequestGen().Requests.SampleAsync(
            request => AskAsync(app, request, key: null), seed: Seed, iter: Count / 2, threads: Clients);

        await AssertAllIsThereAsync(app, key: null);
    }

    [Fact]
    public async Task Whoever_asks_SPEED_answers_as_it_says()
    {
        await using var app = await OpenAsync("required");
        foreach (var scopes in (string[][])[["read"], ["deploy"], ["report"], ["secrets"], ["read", "deploy"], ["admin"]])
        {
            _links.Add("caller", await app.NewTokenAsync(scopes));
        }

        _links.Add("caller", await app.NewTokenAsync(["read", "deploy"], ["git.example.invalid/owner/*"]));
        var callers = Gen.Frequency(
            (8, Gen.Const(app.AdminKey())), (5, Gen.Int[0, 39].Select(which => Links.To("caller", which))),
            (1, Gen.Int[0, 39].Select(which => Links.To("key", which))), (1, Gen.OneOf("spd_0123456789ab_x", "", "bad")));

        await Gen.Select(new RequestGen().Requests, callers).SampleAsync(
            (request, caller) => AskAsync(app, request, caller), seed: Seed, iter: Count / 2, threads: Clients);

        await AssertAllIsThereAsync(app, app.AdminKey());
    }

    private static string? Seed => Environment.GetEnvironmentVariable("SPEED_FUZZ_SEED");

    private static Task<SpeedApp> OpenAsync(string auth) => SpeedApp.OpenAsync(
        new()
        {
            ["Speed__MaxRunning"] = "0",
            ["Speed__MaxQueued"] = "5000",
            ["Speed__StartsPerMinute"] = "0",
            ["Speed__Auth"] = auth,
        },
        services => services.AddSingleton<INotifier, NoNotifier>());

    private async Task AskAsync(SpeedApp app, FuzzRequest generated, string? key)
    {
        if (generated.Function == "Backup" && Interlocked.Increment(ref _backups) > MostBackups)
        {
            return;
        }

        using var request = generated.Fill(_links, app.Client.BaseAddress!.GetLeftPart(UriPartial.Authority));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {_links.Fill(key)}");
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(generated.MayLast ? Glance : Patience);
        try
        {
            using var answer = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            Assert.Null(await FuzzJudge.FindFaultAsync(request, answer, patience.Token));
            var text = await answer.Content.ReadAsStringAsync(patience.Token);
            if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType == "application/json"
                && request.Method.Method == generated.Method && request.Method != HttpMethod.Head)
            {
                _links.Learn(FunctionOf(request), JsonElement.Parse(text));
            }
        }
        catch (OperationCanceledException) when (generated.MayLast)
        {
            // It stays open, as it should.
        }
        catch (HttpRequestException fault) when (IsCutWhileSending(request, fault))
        {
            // Answered and hung up before the whole body was read, as HTTP/1.1 allows: who still sends may miss the
            // answer. That SPEED goes on is what can be seen then.
            Assert.Equal(200, (await app.AskAsync("GET", "/health", key: null)).Status);
        }
    }

    private static bool IsCutWhileSending(HttpRequestMessage request, HttpRequestException fault) =>
        fault.InnerException is IOException && request.Content?.Headers.ContentLength > LargeBody;

    private static string FunctionOf(HttpRequestMessage request) =>
        ContractHandler.FindOperation(request)?.GetProperty("operationId").GetString() ?? "";

    // Whatever has been sent, what is stored can be read: page by page, and each by itself.
    private static async Task AssertAllIsThereAsync(SpeedApp app, string? key)
    {
        var count = 0;
        for (var next = "/v1/deployments?limit=200"; next is not null;)
        {
            var page = await app.AskAsync("GET", next, key);
            Assert.Equal(200, page.Status);
            foreach (var item in page.Json.GetProperty("items").EnumerateArray())
            {
                var one = await app.AskAsync("GET", $"/v1/deployments/{item.GetProperty("id")}", key);
                Assert.Equal(200, one.Status);
                count++;
            }

            next = page.Json.GetProperty("next_cursor").GetString() is { } cursor
                ? $"/v1/deployments?limit=200&cursor={Uri.EscapeDataString(cursor)}"
                : null;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{count} deployments were made");
        Assert.True(count > Count / 500, $"Only {count} deployments were made: what is generated is no good.");
    }

    /// <summary>Nobody is told: no name is looked up and nothing connected to.</summary>
    private sealed class NoNotifier : INotifier
    {
        public Task<AttemptOutcome> SendAsync(
            NotificationDelivery delivery, NotificationTarget target, CancellationToken cancellationToken) =>
            Task.FromResult(new AttemptOutcome(AttemptResult.Failed, null, "There is no network."));
    }
}
