using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Speed.Tests.OpenApi;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process and real SQLite: the functions that a Functions host finds, and who reaches them.</summary>
public sealed partial class HostedFunctionTests(HostedSpeed speed) : IClassFixture<HostedSpeed>
{
    // No function is described by the document: it takes what the others leave.
    private const string Rest = "ZUnknown";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_operation_of_the_document_is_a_function_with_its_route_and_method_and_one_takes_the_rest()
    {
        var described =
            from path in ContractHandler.Document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            let name = operation.Value.GetProperty("operationId").GetString()
            select $"{name}: {operation.Name.ToUpperInvariant()} {path.Name}";

        var served =
            from function in speed.Host.Functions
            where function.Name != Rest
            select $"{function.Name}: {string.Join(' ', function.Methods)} /{PathOf(function)}";

        Assert.Equal(described.Order(StringComparer.Ordinal), served.Order(StringComparer.Ordinal));
        var last = speed.Host.Functions[^1];
        Assert.Equal((Rest, "{*path}", 0), (last.Name, last.Route, last.Methods.Count));
    }

    [Fact]
    public async Task Each_request_that_the_document_describes_reaches_its_function()
    {
        foreach (var function in speed.Host.Functions.Where(function => function.Name != Rest))
        {
            // With an id that no stream gave, or a stream would not end.
            using var request = new HttpRequestMessage(
                new HttpMethod(function.Methods.Single()), "/" + Parameter().Replace(PathOf(function), "1"))
            {
                Headers = { { "Last-Event-ID", "none" } },
            };
            using var answer = await speed.Client.SendAsync(request, Now);

            Assert.True(answer.Headers.Contains("X-Request-Id"), $"{function.Name}: the host answered for it.");
            Assert.True((int)answer.StatusCode is not (405 or 500), $"{function.Name}: {answer.StatusCode}");
        }

        var counted = await speed.Client.GetStringAsync("/metrics", Now);
        Assert.All(
            speed.Host.Functions.Where(function => function.Name is not (Rest or "Metrics")),
            function => Assert.Contains($"function=\"{function.Name}\"", counted, StringComparison.Ordinal));
        Assert.Empty(speed.Host.Failures);
    }

    [Fact]
    public async Task After_a_refusal_that_left_its_body_unread_the_next_request_is_answered()
    {
        foreach (var path in new[] { "/nowhere", "/start", "/health" })
        {
            using var answer = await speed.Client.PostAsync(path, new ByteArrayContent(new byte[100_000]), Now);
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }

        await speed.ServesAsync();
    }

    [Fact]
    public async Task A_store_that_is_locked_asks_to_try_again_later()
    {
        using var stranger = new SqliteConnection(
            $"Data Source={Path.Combine(speed.DataDirectory, "deployments.db")};Pooling=False");
        stranger.Open();
        using var locked = stranger.BeginTransaction(deferred: false);

        var body = new { url = "https://github.com/owner/app.git", branch = "main" };
        var answer = await speed.AskAsync("POST", "/start", body);

        Assert.Equal(503, answer.Status);
        Assert.True(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture) > 0);
        Assert.NotEmpty(answer.Error);
        Assert.Empty(speed.Host.Failures);
    }

    private static string PathOf(HostedFunction function) =>
        Constraint().Replace(function.Route.Replace("{ignored:maxlength(0)?}", "", StringComparison.Ordinal), "{$1}");

    [GeneratedRegex(@"\{\*?(\w+)[^}]*\}")]
    private static partial Regex Constraint();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Parameter();
}
