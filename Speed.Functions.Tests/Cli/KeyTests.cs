using Speed.Cli;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives SPEED over HTTP: which key the command line finds, and to whom it is shown.</summary>
public sealed class KeyTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_admin_key_of_the_data_directory_is_found()
    {
        await using var app = await Keys.OpenAsync();

        (await CliRun.RunAsync(app, "tokens", "list")).Done();
    }

    [Fact]
    public async Task A_token_that_SPEED_does_not_take_is_told_by_where_it_came_from()
    {
        await using var app = await Keys.OpenAsync();
        var file = Path.Combine(app.DataDirectory, "a-token");
        await File.WriteAllTextAsync(file, await app.NewTokenAsync(["read"]) + "\n", Now);

        var unknown = await RunAsync(app, ("SPEED_TOKEN", "spd_wrong"));
        var little = await RunAsync(app, ("SPEED_TOKEN", "spd_wrong"), "--token-file", file);
        var none = await RunAsync(app, ("Speed__DataDirectory", Path.Combine(app.DataDirectory, "nothing")));

        Assert.All([unknown, little, none], run => Assert.Equal((2, ""), (run.Code, run.Out)));
        Assert.All([little, none], run => Assert.Contains("tokens create", run.Error, StringComparison.Ordinal));
        Assert.Contains("not proved that it has the token in SPEED_TOKEN", unknown.Error, StringComparison.Ordinal);
        Assert.Contains($"The token in {file} was sent.", little.Error, StringComparison.Ordinal);
        Assert.Contains("scope admin", little.Error, StringComparison.Ordinal);
        Assert.Contains("No token was sent", none.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("spd_", unknown.Error + little.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7071", true)]
    [InlineData("http://127.8.9.1", true)]
    [InlineData("http://[::1]:7071", true)]
    [InlineData("http://localhost:7071", true)]
    [InlineData("https://LOCALHOST", true)]
    [InlineData("http://192.168.1.2:7071", false)]
    [InlineData("https://speed.example.org", false)]
    [InlineData("https://localhost.example.org", false)]
    [InlineData("https://127.0.0.1.example.org", false)]
    [InlineData("http://0.0.0.0:7071", false)]
    [InlineData("http://app.localhost", false)]
    public async Task The_admin_key_is_for_a_server_on_this_machine_alone(string server, bool isSent)
    {
        using var data = new Data.TempFolder();
        await File.WriteAllTextAsync(Path.Combine(data.FullPath, "admin.key"), new string('k', 43) + "\n", Now);

        var key = Key.Find(new Uri(server), file: null, TerminalOf(("Speed__DataDirectory", data.FullPath)));

        Assert.Equal(isSent ? new string('k', 43) : null, key.Value);
    }

    [Fact]
    public void A_token_that_was_given_goes_to_the_server_that_was_given()
    {
        var key = Key.Find(new Uri("https://speed.example.org"), file: null, TerminalOf(("SPEED_TOKEN", " spd_1 ")));

        Assert.Equal("spd_1", key.Value);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://user:password@127.0.0.1")]
    [InlineData("http://127.0.0.1/?token=x")]
    [InlineData("127.0.0.1:9")]
    public async Task An_address_with_anything_else_in_it_is_refused_without_repeating_it(string server)
    {
        var run = await CliRun.RunAsync([], "", "list", "--server", server);

        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.DoesNotContain(server, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one\ntwo")]
    [InlineData(" \n")]
    [InlineData("ünï")]
    public void What_is_no_token_is_refused_before_anybody_is_asked(string text)
    {
        var fault = Assert.Throws<SpeedException>(() =>
            Key.Find(new Uri("http://127.0.0.1"), file: null, TerminalOf(("SPEED_TOKEN", text))));

        Assert.Equal(2, fault.ExitCode);
    }

    private static Terminal TerminalOf(params (string Name, string Value)[] environment) =>
        new(TextReader.Null, TextWriter.Null, TextWriter.Null)
        {
            Environment = environment.ToDictionary(one => one.Name, one => one.Value),
        };

    private static Task<CliRun> RunAsync(SpeedApp app, (string Name, string Value) variable, params string[] more)
    {
        var environment = CliRun.EnvironmentOf(app);
        environment[variable.Name] = variable.Value;
        return CliRun.RunAsync(environment, "", ["tokens", "list", .. more]);
    }
}
