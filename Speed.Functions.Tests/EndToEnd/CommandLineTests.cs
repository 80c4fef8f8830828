using System.Text.RegularExpressions;
using Speed.Tests.Cli;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: the command line, from a URL to a service that answers.</summary>
public sealed partial class CommandLineTests : IAsyncLifetime
{
    private readonly World _world = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task The_address_of_a_service_is_in_the_resource_in_the_log_and_on_the_command_line()
    {
        var repository = await _world.ServerAsync("hello");

        var run = (await CliRun.RunAsync(_world.App, "deploy", repository.Url, "--health-path", "/")).Done();

        var address = Address().Match(run.Out).Groups[1].Value;
        Assert.Equal("hello", await _http.GetStringAsync(address, Now));
        Assert.Equal(address, (await _world.App.GetDeploymentAsync(1)).GetProperty("endpoints")[0].Text("url"));
        await _world.SeesLineAsync(1, $"Up: listening at {address}");
        Assert.Contains(address, (await CliRun.RunAsync(_world.App, "list")).Out, StringComparison.Ordinal);
        Assert.Contains(address, (await CliRun.RunAsync(_world.App, "show", "1")).Out, StringComparison.Ordinal);

        (await CliRun.RunAsync(_world.App, "cancel", "1")).Done();
        await _world.EventuallyNoContainersAsync();
    }

    [GeneratedRegex(@"^Deployment 1 is up at (http://127\.0\.0\.1:\d+) \(names for the proxy: \S+\.localhost\)\n$")]
    private static partial Regex Address();
}
