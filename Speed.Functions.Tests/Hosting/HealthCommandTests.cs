using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED's process: how it asks another one whether it answers.</summary>
public sealed class HealthCommandTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("speed-test-").FullName;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("http://127.0.0.1:7071", "http://127.0.0.1:7071/")]
    [InlineData("http://localhost:81/", "http://127.0.0.1:81/")]
    [InlineData("http://*:7071", "http://127.0.0.1:7071/")]
    [InlineData("http://+:7071", "http://127.0.0.1:7071/")]
    [InlineData("http://0.0.0.0:7071", "http://127.0.0.1:7071/")]
    [InlineData("http://[::]:7071", "http://[::1]:7071/")]
    [InlineData("http://[::1]:7071", "http://[::1]:7071/")]
    [InlineData("http://speed.example.org:7071", "http://127.0.0.1:7071/")]
    [InlineData("http://127.0.0.2:7071", "http://127.0.0.2:7071/")]
    public void What_listens_on_all_addresses_or_under_a_name_is_asked_on_loopback(string url, string asked) =>
        Assert.Equal(asked, HealthCommand.FindLocal(url).AbsoluteUri);

    [Fact]
    public async Task It_says_0_of_a_SPEED_that_answers_and_1_of_none_without_touching_its_data()
    {
        var url = $"http://127.0.0.1:{FreePort.Find()}";
        using var speed = SpeedProgram.Start(_data, ("Speed__Urls", url));
        var (listens, printed) = await SpeedProgram.ReadStartAsync(speed, Now);
        Assert.True(listens, printed);

        var well = await AskAsync(url);
        speed.Kill();
        await speed.WaitForExitAsync(Now);
        var gone = await AskAsync(url);

        Assert.Equal(0, well.ExitCode);
        Assert.Contains(url, well.Said, StringComparison.Ordinal);
        Assert.Equal(1, gone.ExitCode);
        Assert.Contains("does not answer", gone.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_takes_connections_and_says_nothing_is_not_well_after_five_seconds()
    {
        using var silent = new TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var since = Stopwatch.GetTimestamp();

        var (exitCode, said) = await AskAsync($"http://{silent.LocalEndpoint}");

        Assert.Equal(1, exitCode);
        Assert.Contains("within 5 s", said, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(since) >= TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_setting_that_cannot_be_read_is_named()
    {
        var (exitCode, said) = await AskAsync("gopher://127.0.0.1");

        Assert.Equal(1, exitCode);
        Assert.Contains("Speed__Urls", said, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Said)> AskAsync(string url)
    {
        using var asking = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(Speed.Endpoints.Refusal).Assembly.Location, "--health"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["Speed__Urls"] = url, ["Speed__DataDirectory"] = Path.Combine(_data, "none") },
            })!;
        var faults = asking.StandardError.ReadToEndAsync(Now);
        var said = await asking.StandardOutput.ReadToEndAsync(Now) + await faults;
        await asking.WaitForExitAsync(Now);
        Assert.False(Directory.Exists(Path.Combine(_data, "none")));
        return (asking.ExitCode, said);
    }
}
