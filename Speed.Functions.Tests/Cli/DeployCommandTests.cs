using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Speed.Cli;
using Speed.Cli.Commands;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: `speed deploy`, from two words to an exit code.</summary>
public sealed class DeployCommandTests
{
    private const string Url = "https://example.com/r.git";

    /// <summary>Each option, how it is given, and the member that it has to become.</summary>
    private static readonly (string Option, string[] Given, string Member, string Value)[] Options =
    [
        ("--branch", ["--branch", "dev"], "branch", "\"dev\""),
        ("--commit", ["--commit", Act.Commit], "commit", $"\"{Act.Commit}\""),
        ("--subdirectory", ["--subdirectory", "api"], "subdirectory", "\"api\""),
        ("--name", ["--name", "api"], "name", "\"api\""),
        ("--dockerfile", ["--dockerfile", "Dockerfile.dev"], "dockerfile", "\"Dockerfile.dev\""),
        ("--target", ["--target", "test"], "target", "\"test\""),
        ("--build-arg", ["--build-arg", "A=1", "--build-arg", "B=x=y"], "build_args", """{"A":"1","B":"x=y"}"""),
        ("--env", ["--env", "A=", "--env", "B=@file [red]"], "env", """{"A":"","B":"@file [red]"}"""),
        ("--secret", ["--secret", "A_KEY"], "secrets", """["A_KEY"]"""),
        ("--port", ["--port", "61234:8080", "--port", "9090"], "ports",
            """[{"container":8080,"host":61234},{"container":9090,"host":null}]"""),
        ("--volume", ["--volume", "data:/data"], "volumes", """[{"name":"data","path":"/data"}]"""),
        ("--host", ["--host", "a.example.org", "--host", "b.example.org"], "hosts",
            """["a.example.org","b.example.org"]"""),
        ("--kind", ["--kind", "job"], "kind", "\"job\""),
        ("--health-path", ["--health-path", "/health"], "health", """{"path":"/health","""),
        ("--health-host", ["--health-host", "a.example.org", "--health-path", "/"], "health",
            """{"path":"/","port":null,"host":"a.example.org","""),
        ("--restart", ["--restart", "on-failure"], "restart", "\"on-failure\""),
        ("--on-unhealthy", ["--on-unhealthy", "restart"], "on_unhealthy", "\"restart\""),
        ("--shm", ["--shm", "256"], "shm_mb", "256"),
        ("--cap-add", ["--cap-add", "sys_chroot", "--cap-add", "CAP_IPC_LOCK"], "cap_add", """["IPC_LOCK","SYS_CHROOT"]"""),
        ("--stop-grace", ["--stop-grace", "2m"], "stop_grace_s", "120"),
        ("--ttl", ["--ttl", "2h"], "ttl_s", "7200"),
        ("--label", ["--label", "team=a b"], "labels", """{"team":"a b"}"""),
        ("--without", ["--without", "volumes", "--without", "health"], "volumes", "[]"),
        ("--no-inherit", ["--no-inherit"], "inherit", "false"),
        ("--clear-cache", ["--clear-cache"], "clear_cache", "true"),
        ("--submodules", ["--submodules"], "submodules", "true"),
    ];

    public static IEnumerable<TheoryDataRow<string>> Names =>
        Options.Select(option => new TheoryDataRow<string>(option.Option));

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public void The_table_of_options_has_each_of_them()
    {
        var command = new Command("deploy");
        new DeployOptions().AddTo(command);

        Assert.Equal(
            command.Options.Select(option => option.Name).Order(), Options.Select(option => option.Option).Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_option_reaches_the_resource(string name)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.PutAsync("/v1/secrets/A_KEY", new { value = "a secret value", use = "run" });
        var (_, given, member, value) = Options.Single(option => option.Option == name);

        var run = (await CliRun.RunAsync(app, ["deploy", Url, .. given, "--detach", "--json"])).Done();

        var resource = await app.GetDeploymentAsync(1);
        Assert.Equal(Url, resource.GetProperty("url").GetString());
        Assert.StartsWith(value, resource.GetProperty(member).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(resource.GetRawText(), run.Out.TrimEnd());
    }

    [Fact]
    public async Task An_address_alone_is_enough_and_the_same_key_deploys_once()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var first = await CliRun.RunAsync(app, "deploy", Url, "--detach", "--idempotency-key", "k");
        var again = await CliRun.RunAsync(app, "deploy", Url, "--detach", "--idempotency-key", "k");
        var other = await CliRun.RunAsync(app, "deploy", Url, "--branch", "dev", "-d", "--idempotency-key", "k");

        Assert.Equal((0, "Deployment 1 is Pending.\n", ""), (first.Code, first.Out, first.Error));
        Assert.Equal((0, first.Out), (again.Code, again.Out));
        Assert.Equal((2, ""), (other.Code, other.Out));
        Assert.Equal(JsonValueKind.Null, (await app.GetDeploymentAsync(1)).GetProperty("branch").ValueKind);
    }

    [Fact]
    public async Task The_addresses_of_a_service_are_in_the_resource_and_on_the_command_line()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var deploying = CliRun.RunAsync(app, "deploy", Url, "--host", "app.example.org");
        var claim = await app.ClaimAsync();
        await app.LogAsync(claim.Id, Act.Line(1, "building"), Act.Line(2, "Up: listening"));
        await app.BecomeUpAsync(claim, 61003, 61004);

        var run = (await deploying).Done();
        var listed = (await CliRun.RunAsync(app, "list")).Done();
        var shown = (await CliRun.RunAsync(app, "show", "1")).Done();

        var resource = await app.GetDeploymentAsync(1);
        var own = resource.GetProperty("own_host").GetString();
        Assert.Matches(@"^r-trunk-[a-z2-7]{26}\.localhost$", own);
        Assert.Equal(
            ["http://127.0.0.1:61003", "http://127.0.0.1:61004"],
            resource.GetProperty("endpoints").EnumerateArray().Select(one => one.GetProperty("url").GetString()));
        Assert.Equal(
            "Deployment 1 is up at http://127.0.0.1:61003, http://127.0.0.1:61004 "
            + $"(names for the proxy: app.example.org, {own})\n",
            run.Out);
        Assert.Equal($"Deployment 1 of {Url}\nbuilding\nUp: listening\n", run.Error);
        Assert.Matches(@"\n1 +Running, up +https://example\.com/r\.git +trunk +c{12} ", listed.Out);
        Assert.Matches(@" http://127\.0\.0\.1:61003, http://127\.0\.0\.1:61004 *\n$", listed.Out);
        foreach (var address in (string?[])["http://127.0.0.1:61003", "http://127.0.0.1:61004", "app.example.org", own])
        {
            Assert.Contains($"{address}", shown.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_job_that_succeeds_is_done_and_one_that_fails_is_told_with_the_way_out()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var good = CliRun.RunAsync(app, "deploy", Url);
        var claim = await app.ClaimAsync();
        await app.LogAsync(claim.Id, Act.Line(1, "working"));
        await app.SucceedAsync(claim);
        var bad = CliRun.RunAsync(app, "deploy", Url, "--json");
        await app.FailAsync(await app.ClaimAsync());

        var (done, failed) = (await good, await bad);
        var told = CliRun.RunAsync(app, "retry", "2");
        await app.FailAsync(await app.ClaimAsync());

        Assert.Equal((0, "Deployment 1 succeeded.\n"), (done.Code, done.Out));
        Assert.Equal($"Deployment 1 of {Url}\nworking\n", done.Error);
        Assert.Equal((1, "Failed"), (failed.Code, failed.AsJson().GetProperty("status").GetString()));
        Assert.Equal((1, ""), ((await told).Code, (await told).Out));
        Assert.EndsWith(
            "Deployment 3 failed: BUILD_FAILED: It failed.\nMend it.\n", (await told).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_canceled_meanwhile_did_not_succeed()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var deploying = CliRun.RunAsync(app, "deploy", Url);
        await app.WaitForStatusAsync(await WaitingAsync(app), "Pending");

        var canceled = await CliRun.RunAsync(app, "cancel", "1", "--reason", "a better one comes");

        Assert.Equal((0, "Deployment 1 is canceled.\n"), (canceled.Code, canceled.Out));
        Assert.Equal((1, ""), ((await deploying).Code, (await deploying).Out));
        Assert.Contains("Deployment 1 was canceled", (await deploying).Error, StringComparison.Ordinal);
        Assert.Equal(
            "a better one comes",
            (await app.GetDeploymentAsync(1)).GetProperty("cancel").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Whoever_is_interrupted_leaves_the_deployment_going_and_hears_how_to_look_again()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Now);
        await using var error = new WatchedWriter();
        var terminal =
            new Terminal(TextReader.Null, TextWriter.Null, error) { Environment = CliRun.EnvironmentOf(app) };
        var deploying = CommandLine.RunAsync(["deploy", Url], terminal, interrupt.Token);
        var claim = await app.ClaimAsync();
        await app.LogAsync(claim.Id, Act.Line(1, "working"));
        await error.SeesAsync("working", Now);

        await interrupt.CancelAsync();

        Assert.Equal(130, await deploying);
        Assert.EndsWith(
            "Deployment 1 goes on. Look again: speed logs 1 --follow. End it: speed cancel 1.\n",
            error.Text,
            StringComparison.Ordinal);
        Assert.Equal("Running", (await app.InfoAsync(1)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("--kind: kind must be auto, job or service", "--kind", "daemon")]
    [InlineData("--port x: give the program's port", "--port", "x")]
    [InlineData("--port 1:2:3: give the program's port", "--port", "1:2:3")]
    [InlineData("--volume data: give a name and a folder", "--volume", "data")]
    [InlineData("--ttl soon: give a time", "--ttl", "soon")]
    [InlineData("--ttl 9hm: give a time", "--ttl", "9hm")]
    [InlineData("--env must have a name, '=', and a value", "--env", "a-value-that-is-nobodys-business")]
    [InlineData("--env A is given twice", "--env", "A=1", "--env", "A=2")]
    [InlineData("'--brunch'", "--brunch", "main")]
    public async Task What_cannot_be_used_is_refused_by_name_and_nothing_is_done(string words, params string[] given)
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var run = await CliRun.RunAsync(app, ["deploy", Url, .. given]);

        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains(words.Replace("--kind: ", "", StringComparison.Ordinal), run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("nobodys", run.Error, StringComparison.Ordinal);
        Assert.Empty((await app.GetAsync("/v1/deployments")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task All_that_SPEED_refuses_is_told_field_by_field()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        var run = await CliRun.RunAsync(app, "deploy", "nonsense", "--restart", "sometimes", "--env", "SPEED_X=x");

        Assert.Equal(2, run.Code);
        var lines = run.Error.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        foreach (var field in (string[])["url", "restart", "env.SPEED_X"])
        {
            Assert.Contains(lines, line => Regex.IsMatch(line, $@"^(speed: )?{Regex.Escape(field)}\b"));
        }
    }

    [Fact]
    public async Task Where_nobody_answers_that_is_told_with_the_way_out()
    {
        var run = await CliRun.RunAsync(
            new Dictionary<string, string> { ["SPEED_SERVER"] = $"http://127.0.0.1:{FreePort.Find()}" },
            "", "deploy", Url);

        Assert.Equal((3, ""), (run.Code, run.Out));
        Assert.Contains("SPEED is not reached at http://127.0.0.1:", run.Error, StringComparison.Ordinal);
        Assert.Contains("--server or SPEED_SERVER", run.Error, StringComparison.Ordinal);
    }

    private static async Task<long> WaitingAsync(SpeedApp app)
    {
        while (true)
        {
            if ((await app.GetAsync("/v1/deployments")).GetProperty("items").EnumerateArray().ToArray() is [var one])
            {
                return one.GetProperty("id").GetInt64();
            }
        }
    }
}
