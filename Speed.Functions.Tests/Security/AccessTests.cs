using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Endpoints;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: every function against every kind of caller.</summary>
public sealed class AccessTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_function_says_what_its_caller_needs_and_just_the_listed_ones_are_open()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var functions = app.Services.GetRequiredService<FunctionTable>().Functions;

        Assert.All(functions, function => Assert.True(function.IsOpen ^ function.Needs is not null, function.Name));
        Assert.All(functions, function => Assert.NotEmpty(function.Methods));
        Assert.Equal(
            ["Challenge", "Deliver", "Health", "Home", "OpenApi", "Page", "SignIn"],
            functions.Where(function => function.IsOpen).Select(function => function.Name).Order());
        Assert.True(functions.Count >= 18);
    }

    [Fact]
    public async Task Each_kind_of_caller_reaches_just_the_functions_that_its_scope_is_for()
    {
        await using var app = await Keys.OpenAsync();
        var own = await app.StartWithAsync(app.AdminKey(), Url);
        var other = await app.StartWithAsync(app.AdminKey(), Url);
        var callers = await CallersAsync(app, own);

        foreach (var function in app.Services.GetRequiredService<FunctionTable>().Functions)
        {
            foreach (var (who, key, scopes) in callers)
            {
                // With an id that no stream gave, or a stream that may be read would not end.
                var answer = await app.AskAsync(
                    function.Methods.First(), PathOf(function, other), key, body: null, ("Last-Event-ID", "none"));

                var expected = Expected(function, key, scopes);
                Assert.True(
                    expected is { } status ? answer.Status == status : answer.Status is not (401 or 403),
                    $"{who} at {function.Name}: {answer.Status} {answer.Text}");
                if (expected == 403)
                {
                    Assert.Contains(function.Needs!.Scope.ToString()!.ToLowerInvariant(), answer.Text, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public async Task A_path_is_one_function_s_alone_however_it_is_written()
    {
        await using var app = await Keys.OpenAsync();
        var reader = await app.NewTokenAsync(["read"]);
        var table = app.Services.GetRequiredService<FunctionTable>();

        foreach (var function in table.Functions.Where(function => function.Needs?.Scope is Scope.Admin or Scope.Secrets))
        {
            var path = PathOf(function, 1);
            Assert.Equal([function.Name], table.Functions
                .Where(other => other.Methods.Overlaps(function.Methods) && other.Matcher.TryMatch(path, []))
                .Select(other => other.Name));
            string[] spellings =
            [
                path, path + "/", path.ToUpperInvariant(), path.Replace("/v1/", "/v1//"), path + "//", path.Replace("v1", "%76%31"),
                path + "?x=1", path + "/.", path.Replace("/v1", "/v1/x/.."), path + "%2F", path + ";x", path + "%20",
            ];
            foreach (var spelling in spellings)
            {
                var answer = await app.AskAsync(function.Methods.First(), spelling, reader);
                Assert.True(answer.Status is 403 or 404 or 405, $"{spelling}: {answer.Status} {answer.Text}");
            }
        }
    }

    [Theory]
    [InlineData("/no/such/path")]
    [InlineData("/v1/deployments/x")]
    [InlineData("/start")]
    public async Task With_keys_required_unknown_paths_and_methods_are_answered_as_known_ones(string path)
    {
        await using var app = await Keys.OpenAsync();

        var stranger = await app.AskAsync("GET", path, null);
        var known = await app.AskAsync("GET", path, app.AdminKey());

        Assert.Equal((401, "Bearer"), (stranger.Status, stranger.Headers["WWW-Authenticate"]));
        Assert.Equal(path == "/start" ? 405 : 404, known.Status);
    }

    [Fact]
    public async Task Somebody_elses_deployment_is_the_same_404_as_one_that_is_not_there()
    {
        await using var app = await Keys.OpenAsync();
        var theirs = await app.StartWithAsync(app.AdminKey(), "https://github.com/other/app.git");
        var token = await app.NewTokenAsync(["read", "deploy", "report"], ["github.com/owner/*"]);
        var mine = await app.StartWithAsync(token, Url);

        (string Method, string Path, object? Body)[] requests =
        [
            ("GET", "/info/{0}", null), ("GET", "/results/{0}", null), ("GET", "/v1/deployments/{0}", null),
            ("GET", "/v1/deployments/{0}/logs", null), ("POST", "/v1/deployments/{0}/cancel", null),
            ("GET", "/v1/deployments/{0}/results", null),
            ("POST", "/add_results/{0}", new { results = "x" }), ("POST", "/update", "id"),
        ];
        foreach (var (method, path, body) in requests)
        {
            var hidden = await AskAsync(theirs);
            var missing = await AskAsync(4711);
            var seen = await AskAsync(mine);

            Assert.Equal((404, missing.Text), (hidden.Status, hidden.Text));
            Assert.True(seen.Status < 300, $"{path}: {seen.Text}");

            Task<Answer> AskAsync(long id) => app.AskAsync(
                method,
                string.Format(CultureInfo.InvariantCulture, path, id),
                token,
                body is "id" ? new { id, new_results = "x" } : body);
        }
    }

    [Fact]
    public async Task A_token_for_some_repositories_cannot_start_another()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["deploy"], ["github.com/owner/*"]);

        var body = new { url = "https://github.com/other/app.git", branch = "main" };

        Assert.Equal(403, (await app.AskAsync("POST", "/start", token, body)).Status);
        Assert.Equal(403, (await app.AskAsync("POST", "/v1/deployments", token, body)).Status);
        Assert.Null(await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(1, Now));
    }

    [Fact]
    public async Task An_idempotency_key_is_its_callers_own()
    {
        await using var app = await Keys.OpenAsync();
        var token = await app.NewTokenAsync(["deploy"]);
        var body = new { url = Url, branch = "main" };

        var first = await app.AskAsync("POST", "/start", token, body, ("Idempotency-Key", "k"));
        var other = await app.AskAsync("POST", "/start", app.AdminKey(), body, ("Idempotency-Key", "k"));
        var again = await app.AskAsync("POST", "/start", token, body, ("Idempotency-Key", "k"));

        Assert.NotEqual(first.Text, other.Text);
        Assert.Equal(first.Text, again.Text);
    }

    [Fact]
    public async Task Beyond_its_starts_a_minute_a_token_waits_and_the_others_do_not()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__StartsPerMinute"] = "3" });
        var token = await app.NewTokenAsync(["deploy"]);
        var body = new { url = Url, branch = "main" };
        await app.AskAsync("POST", "/start", token, body, ("Idempotency-Key", "first"));
        await app.StartWithAsync(token, Url);
        await app.StartWithAsync(token, Url);

        var refused = await app.AskAsync("POST", "/start", token, body);
        var replayed = await app.AskAsync("POST", "/start", token, body, ("Idempotency-Key", "first"));

        Assert.Equal(429, refused.Status);
        Assert.Contains("Speed__StartsPerMinute", refused.Error, StringComparison.Ordinal);
        Assert.InRange(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal((201, "true"), (replayed.Status, replayed.Headers["Idempotency-Replayed"]));
        await app.StartWithAsync(app.AdminKey(), Url);
    }

    private static async Task<(string Who, string? Key, Scope[]? Scopes)[]> CallersAsync(SpeedApp app, long own)
    {
        var leader = app.Services.GetRequiredService<LeaderTokens>();
        var deployment = await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(own, Now);
        var tokens = new List<(string, string?, Scope[]?)>
        {
            ("nobody", null, null),
            ("a wrong key", "spd_000000000000_" + new string('x', 43), null),
            ("nonsense", "x", null),
            ("the admin key", app.AdminKey(), Enum.GetValues<Scope>()),
            ("another's leader", leader.For(deployment!), [Scope.Report]),
        };
        foreach (var scope in Enum.GetValues<Scope>())
        {
            var token = await app.NewTokenAsync([scope.ToString().ToLowerInvariant()]);
            tokens.Add(($"scope {scope}", token, scope == Scope.Admin ? Enum.GetValues<Scope>() : [scope]));
        }

        return [.. tokens];
    }

    // Null: whatever the function itself says.
    private static int? Expected(FunctionEntry function, string? key, Scope[]? scopes) => function switch
    {
        { Name: "SignIn" } => 415,
        // Not for want of a key: of a signature.
        { Name: "Deliver" } => 401,
        { IsOpen: true } => null,
        _ when key is null || scopes is null => 401,
        { Needs.Scope: { } scope } when !scopes.Contains(scope) => 403,
        _ => null,
    };

    internal static string PathOf(FunctionEntry function, long id) => "/" + string.Join(
        '/',
        function.Route.Segments.Select(segment => segment.Parts[0] switch
        {
            { IsParameter: false } part => part.Text,
            { IsCatchAll: true } => "index.html",
            { Name: "id" or "delivery" } => id.ToString(CultureInfo.InvariantCulture),
            _ => "name",
        }));
}
