using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Speed.Tests.OpenApi;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process and real SQLite: what is published, and the functions that a host finds there.</summary>
public sealed partial class HostedFunctionTests(PublishedSpeed published) : IClassFixture<PublishedSpeed>
{
    // No function is described by the document: it takes what the others leave.
    private const string Rest = "ZUnknown";

    private readonly HostedSpeed _speed = published.Hosted;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public void What_is_published_has_all_that_a_host_asks_for()
    {
        Assert.Superset(
            new HashSet<string>
            {
                "host.json", "worker.config.json", "extensions.json", "functions.metadata", "Speed.Functions.dll",
                ".azurefunctions/Microsoft.Azure.WebJobs.Extensions.FunctionMetadataLoader.dll", "wwwroot/openapi.json",
            },
            published.Files.ToHashSet());
        Assert.DoesNotContain("local.settings.json", published.Files);
        var program = published.Read("worker.config.json").GetProperty("description").GetProperty("defaultWorkerPath");
        Assert.Equal("Speed.Functions.dll", program.GetString());
        Assert.Equal("", HostedFunction.ReadRoutePrefix(_speed.App));
        Assert.Equal(
            published.Read("functions.metadata").EnumerateArray()
                .Select(function => function.GetProperty("name").GetString()!).Order(StringComparer.Ordinal),
            _speed.Host.Functions.Select(function => function.Name));
    }

    [Fact]
    public void A_worker_leaves_its_home_alone_and_warns_of_nothing_when_it_starts()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_speed.Home));
        Assert.DoesNotContain("warn: ", published.Start, StringComparison.Ordinal);
        Assert.DoesNotContain("fail: ", published.Start, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_operation_of_the_document_is_a_function_with_its_route_and_method_and_one_takes_the_rest()
    {
        var described =
            from path in ContractHandler.Document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            let name = operation.Value.GetProperty("operationId").GetString()
            select $"{name}: {operation.Name.ToUpperInvariant()} {path.Name}";

        var served =
            from function in _speed.Host.Functions
            where function.Name != Rest
            select $"{function.Name}: {string.Join(' ', function.Methods)} /{PathOf(function)}";

        Assert.Equal(described.Order(StringComparer.Ordinal), served.Order(StringComparer.Ordinal));
        var last = _speed.Host.Functions[^1];
        Assert.Equal((Rest, "{*path}", 0), (last.Name, last.Route, last.Methods.Count));
    }

    [Fact]
    public async Task Each_request_that_the_document_describes_reaches_its_function()
    {
        foreach (var function in _speed.Host.Functions.Where(function => function.Name != Rest))
        {
            // With an id that no stream gave, or a stream would not end.
            using var request = new HttpRequestMessage(
                new HttpMethod(function.Methods.Single()), "/" + Parameter().Replace(PathOf(function), "1"))
            {
                Headers = { { "Last-Event-ID", "none" } },
            };
            using var answer = await _speed.Client.SendAsync(request, Now);

            Assert.True(answer.Headers.Contains("X-Request-Id"), $"{function.Name}: the host answered for it.");
            Assert.True((int)answer.StatusCode is not (405 or 500), $"{function.Name}: {answer.StatusCode}");
        }

        var counted = await _speed.Client.GetStringAsync("/metrics", Now);
        Assert.All(
            _speed.Host.Functions.Where(function => function.Name is not (Rest or "Metrics")),
            function => Assert.Contains($"function=\"{function.Name}\"", counted, StringComparison.Ordinal));
        Assert.Empty(_speed.Host.Failures);
    }

    [Fact]
    public async Task After_a_refusal_that_left_its_body_unread_the_next_request_is_answered()
    {
        foreach (var path in new[] { "/nowhere", "/start", "/health" })
        {
            using var answer = await _speed.Client.PostAsync(path, new ByteArrayContent(new byte[100_000]), Now);
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }

        await _speed.ServesAsync();
    }

    [Fact]
    public async Task A_store_that_is_locked_asks_to_try_again_later()
    {
        using var stranger = new SqliteConnection(
            $"Data Source={Path.Combine(_speed.DataDirectory, "deployments.db")};Pooling=False");
        stranger.Open();
        using var locked = stranger.BeginTransaction(deferred: false);

        var body = new { url = "https://github.com/owner/app.git", branch = "main" };
        var answer = await _speed.AskAsync("POST", "/start", body);

        Assert.Equal(503, answer.Status);
        Assert.True(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture) > 0);
        Assert.NotEmpty(answer.Error);
        Assert.Empty(_speed.Host.Failures);
    }

    private static string PathOf(HostedFunction function) =>
        Constraint().Replace(function.Route.Replace("{ignored:maxlength(0)?}", "", StringComparison.Ordinal), "{$1}");

    [GeneratedRegex(@"\{\*?(\w+)[^}]*\}")]
    private static partial Regex Constraint();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Parameter();
}
