using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Proxy;
using Speed.Tests.Data;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP and real files: a line of the access log for each request, and what becomes of them when the disk does not.</summary>
public sealed class AccessLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Log => _folder.File("access.log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_request_has_a_line_that_says_who_asked_what_of_whom_and_what_became_of_it()
    {
        long id;
        await using (var world = await OpenAsync())
        {
            id = (await world.UpAsync(await world.ServerAsync("hello"))).Id;
            await RawClient.AskAsync(
                world.Address,
                "GET /a%2Fb/\"?token=secret HTTP/1.1\r\nHost: app-main.localhost:80\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n");
        }

        var line = Assert.Single(await LinesAsync());

        Assert.Equal(
            ["time", "id", "client", "host", "method", "path", "protocol", "deployment", "status", "bytes", "ms", "fault"],
            line.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            ("mine", "127.0.0.1", "app-main.localhost:80", "GET", "/a%2Fb/\"", "HTTP/1.1"),
            (line.Text("id"), line.Text("client"), line.Text("host"), line.Text("method"), line.Text("path"), line.Text("protocol")));
        Assert.Equal((id, 200, 5), (line.GetProperty("deployment").GetInt64(), line.GetProperty("status").GetInt32(), line.GetProperty("bytes").GetInt64()));
        Assert.Equal(JsonValueKind.Null, line.GetProperty("fault").ValueKind);
        Assert.DoesNotContain("secret", await File.ReadAllTextAsync(Log, Now), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_why_an_answer_is_not_the_service_s_own_by_the_id_that_the_client_was_told()
    {
        string? told;
        await using (var world = await OpenAsync())
        {
            await world.UpAsync(1, "gone");
            using var dead = await world.Client.GetAsync("http://gone-main.localhost/", Now);
            told = dead.Headers.GetValues("X-Request-Id").Single();
            await world.AnswerAsync("http://nobody.localhost/");
            var down = await world.UpAsync(await world.ServerAsync("x"), "down");
            await world.GoDownAsync(down);
            await world.AnswerAsync("http://down-main.localhost/");
            await world.UpAsync(
                await world.ServerAsync(context =>
                {
                    context.Response.StatusCode = 503;
                    return Task.CompletedTask;
                }),
                "busy");
            await world.AnswerAsync("http://busy-main.localhost/");
            await RawClient.AskAsync(world.Address, "GET / HTTP/1.1\r\nHost: x:99999\r\nConnection: close\r\n\r\n");
        }

        var lines = await LinesAsync();

        Assert.Equal(told, lines[0].Text("id"));
        Assert.Equal(
            [
                (502, "connection_refused"), (404, "destination_not_found"), (502, "destination_unavailable"), (503, null), (400, "http_request_error"),
            ],
            lines.Select(line => (line.GetProperty("status").GetInt32(), line.GetProperty("fault").GetString())));
    }

    [Fact]
    public async Task A_client_that_goes_away_is_499()
    {
        await using (var world = await OpenAsync())
        {
            var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await world.UpAsync(await world.ServerAsync(async context =>
            {
                await using var _ = context.RequestAborted.Register(gone.SetResult);
                arrived.SetResult();
                await gone.Task;
            }));
            using var client = await RawClient.SendAsync(world.Address, "GET / HTTP/1.1\r\nHost: app-main.localhost\r\n\r\n");
            await arrived.Task;
            client.Close();
            await gone.Task;
        }

        var line = Assert.Single(await LinesAsync());

        Assert.Equal((499, "client_gone"), (line.GetProperty("status").GetInt32(), line.Text("fault")));
    }

    [Fact]
    public async Task Behind_trusted_proxies_it_names_the_client_they_tell_of()
    {
        await using (var world = await OpenAsync(("Speed__Proxy__TrustedProxies", "127.0.0.0/8,198.51.100.2")))
        {
            await world.UpAsync(await world.ServerAsync("hello"));
            foreach (var said in new[] { "1.1.1.1, 203.0.113.7, 198.51.100.2", "203.0.113.8", "unknown", "" })
            {
                await RawClient.AskAsync(
                    world.Address, $"GET / HTTP/1.1\r\nHost: app-main.localhost\r\nX-Forwarded-For: {said}\r\nConnection: close\r\n\r\n");
            }
        }

        Assert.Equal(
            ["203.0.113.7", "203.0.113.8", "127.0.0.1", "127.0.0.1"], (await LinesAsync()).Select(line => line.Text("client")));
    }

    [Fact]
    public async Task A_file_that_was_moved_away_stays_and_another_one_is_begun()
    {
        await using (var world = await OpenAsync())
        {
            await world.UpAsync(await world.ServerAsync("hello"));
            await world.GetAsync("http://app-main.localhost/one");
            await WaitForAsync("/one");
            File.Move(Log, $"{Log}.old");
            world.Advance(TimeSpan.FromSeconds(1));
            await world.GetAsync("http://app-main.localhost/two");
        }

        Assert.Equal("/two", Assert.Single(await LinesAsync()).Text("path"));
        Assert.Contains("/one", await File.ReadAllTextAsync($"{Log}.old", Now), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_has_grown_too_large_is_put_aside()
    {
        await using (var world = await OpenAsync(("Speed__Proxy__AccessLogMaxBytes", "300")))
        {
            await world.UpAsync(await world.ServerAsync("hello"));
            for (var request = 0; request < 20; request++)
            {
                await world.GetAsync($"http://app-main.localhost/{request}");
            }
        }

        Assert.InRange(new FileInfo($"{Log}.1").Length, 300, 20 * 300);
        Assert.True(!File.Exists(Log) || new FileInfo(Log).Length < 300);
    }

    [Fact]
    public async Task One_that_cannot_be_put_aside_grows_on_and_loses_no_line()
    {
        // A folder has the name that it would get.
        Directory.CreateDirectory($"{Log}.1");
        using var file = new AccessLogFile(Log, most: 10, TimeProvider.System);

        var first = await file.WriteAsync("a line that is long\n"u8.ToArray());
        var second = await file.WriteAsync("another\n"u8.ToArray());
        file.Dispose();

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal("a line that is long\nanother\n", await File.ReadAllTextAsync(Log, Now));
    }

    [Fact]
    public async Task What_a_full_disk_does_not_take_is_dropped_and_said_and_no_request_waits_for_it()
    {
        // Each write to it fails as on a disk that is full.
        await using var world = await ProxyWorld.OpenAsync(
            [("Speed__Proxy__Urls", "http://127.0.0.1:0"), ("Speed__Proxy__AccessLog", "/dev/full")]);
        await world.UpAsync(await world.ServerAsync("hello"));

        for (var request = 0; request < 20; request++)
        {
            Assert.Equal("hello", await world.GetAsync("http://app-main.localhost/"));
        }

        await WaitForAsync(() => world.ProxyLog.Entries.Any(entry => entry.Text.StartsWith("The access log /dev/full cannot be written", StringComparison.Ordinal)));
        Assert.Single(world.ProxyLog.Entries, entry => entry.Level == LogLevel.Warning);
        Assert.Equal("hello", await world.GetAsync("http://app-main.localhost/"));
    }

    [Fact]
    public async Task Once_it_can_be_written_again_the_file_says_how_many_lines_are_missing()
    {
        var settings = ProxySettings.Read(TestSettings.Of(("Speed__Proxy__AccessLog", _folder.File("sub/access.log"))));
        Directory.CreateDirectory(_folder.File("sub"));
        var time = new FakeTimeProvider();
        var said = new KeptLog<AccessLogTests>();
        using var log = new AccessLog(settings, time, null, said);
        log.Open();
        Directory.Move(_folder.File("sub"), _folder.File("away"));
        time.Advance(TimeSpan.FromSeconds(1));
        log.Add(Line("/lost"));
        await WaitForAsync(() => said.Entries.Count == 1);

        Directory.CreateDirectory(_folder.File("sub"));
        log.Add(Line("/kept"));
        await log.CloseAsync();

        var lines = (await File.ReadAllLinesAsync(_folder.File("sub/access.log"), Now)).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(1, lines[0].GetProperty("dropped").GetInt32());
        Assert.Equal("/kept", lines[1].Text("path"));
        Assert.Contains("1 lines were dropped", said.Entries.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_is_slow_holds_no_request_up_and_costs_no_more_than_the_lines_that_wait()
    {
        // A pipe that nobody reads: it is full after a few hundred lines.
        var pipe = _folder.File("pipe");
        using (var made = Process.Start("mkfifo", pipe))
        {
            await made.WaitForExitAsync(Now);
        }

        var settings = ProxySettings.Read(TestSettings.Of(("Speed__Proxy__AccessLog", pipe)));
        using var meter = new TrafficMeter();
        using var dropped = new MeterListener();
        var lines = 0L;
        dropped.InstrumentPublished = (instrument, listener) =>
        {
            if (meter.Owns(instrument))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        dropped.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref lines, count));
        dropped.Start();
        using var log = new AccessLog(settings, TimeProvider.System, meter, new KeptLog<AccessLogTests>());
        log.Open();

        for (var line = 0; line < AccessLog.MostWaiting * 2; line++)
        {
            log.Add(Line("/"));
        }

        Assert.InRange(Interlocked.Read(ref lines), AccessLog.MostWaiting / 2, AccessLog.MostWaiting);
    }

    [Theory]
    [InlineData("/nowhere/at/all/access.log")]
    [InlineData("/")]
    public async Task A_file_that_cannot_be_written_to_stops_the_start_with_the_setting_s_name(string path)
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => ProxyWorld.OpenAsync(
            [("Speed__Proxy__Urls", "http://127.0.0.1:0"), ("Speed__Proxy__AccessLog", path)]));

        Assert.StartsWith(
            "Speed__Proxy__AccessLog must be a file that can be written to, or '-' for standard output: ", fault.Message, StringComparison.Ordinal);
    }

    private static AccessLine Line(string path) => new()
    {
        Time = DateTimeOffset.UnixEpoch,
        Id = "1",
        Client = "127.0.0.1",
        Host = "app-main.localhost",
        Method = "GET",
        Path = path,
        Protocol = "HTTP/1.1",
        Deployment = 1,
        Status = 200,
        Bytes = 5,
        Ms = 1,
        Fault = null,
    };

    private Task<ProxyWorld> OpenAsync(params (string, string)[] settings) => ProxyWorld.OpenAsync(
        [("Speed__Proxy__Urls", "http://127.0.0.1:0"), ("Speed__Proxy__AccessLog", Log), .. settings]);

    private async Task<List<JsonElement>> LinesAsync() =>
        [.. (await File.ReadAllLinesAsync(Log, Now)).Select(line => JsonDocument.Parse(line).RootElement)];

    private Task WaitForAsync(string text) =>
        WaitForAsync(() => File.Exists(Log) && File.ReadAllText(Log).Contains(text, StringComparison.Ordinal));

    private static async Task WaitForAsync(Func<bool> isThere)
    {
        while (!isThere())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), Now);
        }
    }
}
