using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Speed.Endpoints;
using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: many who watch one log at once, and some who watch without reading.</summary>
// Memory is counted for the whole process.
[Collection(nameof(ContextMemoryTests))]
public sealed class WatcherTests
{
    private static readonly int Crowd = Scale.Watchers;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_crowd_of_watchers_gets_every_line_once_in_order_though_they_come_and_go()
    {
        const int Bursts = 20;
        const int Lines = 15;
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await app.StartAsync("https://example.com/r.git");
        await using var log = await DeploymentLog.OpenAsync(
            id, app.Services.GetRequiredService<ILogStore>(), TimeProvider.System, Now);
        using var doors = new SemaphoreSlim(64);
        var watchers = Enumerable.Range(0, Crowd).Select(seed => new Watcher(app, id, doors, new Random(seed))).ToList();

        var watching = Task.WhenAll(watchers.Select(watcher => watcher.WatchAsync()));
        for (var burst = 1; burst <= Bursts; burst++)
        {
            for (var line = 0; line < Lines; line++)
            {
                await log.WriteAsync(LogStream.Stdout, "a line of a chatty deployment", Now);
            }

            await log.FlushAsync();
            await watchers[burst % Crowd].HasAsync(burst * Lines);
        }

        await log.CloseAsync();
        await app.UpdateAsync(id, "Succeeded");
        await watching;

        Assert.All(watchers, watcher => Assert.Equal((Bursts * Lines, null), (watcher.LastLine, watcher.Fault)));
        Assert.True(watchers.Sum(watcher => watcher.Returns) > Crowd, "hardly anybody left and came back");
    }

    [Fact]
    public async Task Readers_that_stop_reading_cost_little_hold_up_nobody_are_cut_and_may_go_on()
    {
        const int Stopped = 50;
        const long Most = 256 * 1024;
        var time = new FakeTimeProvider();
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.AddSingleton<TimeProvider>(time));
        var id = await FillAsync(app);
        var streams = app.Services.GetRequiredService<OpenStreams>();
        using var warmUp = await StopAsync(app, id);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var stopped = await Task.WhenAll(Enumerable.Range(0, Stopped).Select(_ => StopAsync(app, id)));

        var each = await AtRestAsync(() => (GC.GetTotalMemory(forceFullCollection: true) - before) / Stopped, Most);
        var text = await app.Client.GetStringAsync($"/v1/deployments/{id}/logs", Now);
        // One whose write began to wait just now has its thirty seconds from then on.
        while (streams.Count > 0)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(20, Now);
        }

        var (had, whole) = await ReadRestAsync(stopped[0]);
        using var again = await EventReader.OpenAsync(app.Client, $"/v1/deployments/{id}/logs", $"{had}");
        var next = await again.ReadAsync();
        while (next is { Name: not "lines" })
        {
            next = await again.ReadAsync();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{each:N0} bytes each");
        Assert.True(each <= Most, $"{each:N0} bytes each");
        Assert.Equal(Lines, text.Count(c => c == '\n'));
        Assert.False(whole, "a reader that stopped was not cut");
        Assert.Equal(had + 1, next!.Data[0].GetProperty("n").GetInt64());
        again.Dispose();
        Array.ForEach(stopped, client => client.Dispose());
    }

    private const int Lines = 80_000;

    // What is read and written until the buffers are full costs more for a moment.
    private static async Task<long> AtRestAsync(Func<long> measure, long most)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var measured = measure();
        while (measured > most && !limit.IsCancellationRequested)
        {
            await Task.Delay(50, Now);
            measured = measure();
        }

        return measured;
    }

    // More than the buffers of two sockets hold.
    private static async Task<long> FillAsync(SpeedApp app)
    {
        var id = await app.StartAsync("https://example.com/r.git");
        var logs = app.Services.GetRequiredService<ILogStore>();
        await logs.OpenAsync(id, Now);
        var text = new string('x', 200);
        for (var n = 0; n < Lines; n += 400)
        {
            var lines = Enumerable.Range(n + 1, 400).Select(
                n => new LogLine(n, DateTimeOffset.UnixEpoch, DeploymentPhase.Run, LogStream.Stdout, text, false));
            await logs.AppendAsync(id, new LogChunk([.. lines], 0), Now);
        }

        return id;
    }

    // Asks for the log and takes nothing of it; comes back once nothing more arrives.
    private static async Task<TcpClient> StopAsync(SpeedApp app, long id)
    {
        var client = new TcpClient { ReceiveBufferSize = 16 * 1024 };
        await client.ConnectAsync("127.0.0.1", app.Client.BaseAddress!.Port, Now);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes(
                $"GET /v1/deployments/{id}/logs?format=sse HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            Now);
        for (var (arrived, quiet) = (0, 0); quiet < 3; quiet = arrived > 0 && client.Available == arrived ? quiet + 1 : 0)
        {
            arrived = client.Available;
            await Task.Delay(50, Now);
        }

        return client;
    }

    // The last id that arrived, and whether the answer came to its end.
    private static async Task<(long Had, bool Whole)> ReadRestAsync(TcpClient client)
    {
        var (had, lines) = (0L, new StreamReader(client.GetStream()));
        try
        {
            while (await lines.ReadLineAsync(Now) is { } line)
            {
                had = line.StartsWith("id: ", StringComparison.Ordinal) ? ParseId(line) : had;
            }
        }
        catch (IOException)
        {
            // Reset: how a cut looks from here.
        }

        return (had, had == Lines);
    }

    private static long ParseId(string line) => long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);

    /// <summary>Follows to the end, leaves now and then in the middle, and comes back with what it had last.</summary>
    private sealed class Watcher(SpeedApp app, long id, SemaphoreSlim doors, Random random)
    {
        private readonly SemaphoreSlim _got = new(0);

        public long LastLine { get; private set; }

        public int Returns { get; private set; }

        public string? Fault { get; private set; }

        public async Task WatchAsync()
        {
            var (lastId, isOver) = ((string?)null, false);
            while (!isOver)
            {
                using var reader = await ComeAsync(lastId);
                isOver = await ReadSomeAsync(reader, random.Next(1, 8));
                lastId = reader.LastId;
                Returns += isOver ? 0 : 1;
            }

            _got.Release(1000);
        }

        /// <summary>Waits until it has the line of this number.</summary>
        public async Task HasAsync(long line)
        {
            while (LastLine < line)
            {
                await _got.WaitAsync(Now);
            }
        }

        // Not all at once: the queue of connections that wait to be taken is short.
        private async Task<EventReader> ComeAsync(string? lastId)
        {
            await doors.WaitAsync(Now);
            try
            {
                return await EventReader.OpenAsync(app.Client, $"/v1/deployments/{id}/logs", lastId);
            }
            finally
            {
                doors.Release();
            }
        }

        // True at the end of the log.
        private async Task<bool> ReadSomeAsync(EventReader reader, int most)
        {
            for (var read = 0; read < most && await reader.ReadAsync() is { } next; read++)
            {
                foreach (var line in next.Name == "lines" ? next.Data.EnumerateArray().ToArray() : [])
                {
                    var n = line.GetProperty("n").GetInt64();
                    Fault ??= n == LastLine + 1 ? null : $"{n} came after {LastLine}";
                    LastLine = n;
                }

                _got.Release();
                if (next.Name == "end")
                {
                    return true;
                }
            }

            return false;
        }
    }
}
