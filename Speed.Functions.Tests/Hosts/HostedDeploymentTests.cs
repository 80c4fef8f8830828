using System.Text.Json;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives SPEED's process, the real engine and real Git: deployments under a Functions host.</summary>
public sealed class HostedDeploymentTests(HostedDeploymentTests.World world) : IClassFixture<HostedDeploymentTests.World>
{
    // Ends once it is told to, or fails after two minutes.
    private const string Dockerfile =
        """
        FROM busybox
        CMD trap 'echo last; exit 0' USR1; echo first; i=0; while [ $i -lt 1200 ]; do i=$((i+1)); sleep 0.1; done; false

        """;

    private readonly HostedSpeed _speed = world.Hosted;
    private readonly GitRepository _repository = world.Repository;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_lines_arrive_as_they_come_in_each_format_and_it_ends()
    {
        // Of workers that another test has killed, perhaps.
        var failed = _speed.Host.Failures.ToList();
        using var changes = await EventReader.OpenAsync(_speed.Client, "/v1/events");
        Assert.Equal("snapshot", (await changes.ReadAsync())?.Name);
        var id = await _speed.DeployAsync(_repository);
        var log = $"/v1/deployments/{id}/logs?follow=true";
        using var text = new StreamReader(await _speed.Client.GetStreamAsync(log, Now));
        using var json = new StreamReader(await _speed.Client.GetStreamAsync($"{log}&format=ndjson", Now));
        using var events = await EventReader.OpenAsync(_speed.Client, $"/v1/deployments/{id}/logs?format=sse");

        // All three before its end, or the signal would never come.
        await UntilAsync(text.ReadLineAsync, line => line.EndsWith("first", StringComparison.Ordinal));
        await UntilAsync(json.ReadLineAsync, line => TextOf(JsonElement.Parse(line)) == "first");
        await UntilAsync(_ => new ValueTask<ServerEvent?>(events.ReadAsync()), one => LinesOf(one).Contains("first"));
        await EndProgramAsync(id);

        Assert.Contains("last\n", await text.ReadToEndAsync(Now), StringComparison.Ordinal);
        Assert.Contains("\"last\"", await json.ReadToEndAsync(Now), StringComparison.Ordinal);
        var rest = await events.ReadToEndAsync();
        Assert.Contains("last", rest.SelectMany(LinesOf));
        Assert.Equal("end", rest[^1].Name);
        await UntilAsync(
            _ => new ValueTask<ServerEvent?>(changes.ReadAsync()),
            one => one.Data.GetProperty("status").GetString() == "Succeeded");
        Assert.Equal("Succeeded", (await _speed.EndAsync(id)).GetProperty("status").GetString());
        Assert.Equal("first\nlast", await ResultsAsync(id));
        Assert.Equal(failed, _speed.Host.Failures);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_runs_on_when_the_worker_or_the_host_is_killed_and_ends_under_the_next(bool isHost)
    {
        var id = await _speed.DeployAsync(_repository);
        await _speed.SeesLineAsync(id, "first");
        using var follower = await _speed.Client.GetStreamAsync($"/v1/deployments/{id}/logs?follow=true", Now);

        if (isHost)
        {
            var orphan = _speed.Host.Worker;
            await _speed.Host.KillAsync();
            await orphan.Exit.WaitAsync(Now);
            await _speed.StartAsync();
        }
        else
        {
            var worker = _speed.Host.Worker;
            worker.Kill();
            await _speed.Host.EndOfAsync(worker);
        }

        // A stream that was cut is no log that ended.
        await Assert.ThrowsAnyAsync<IOException>(() => follower.CopyToAsync(Stream.Null, Now));
        Assert.Equal("Running", (await _speed.AskAsync("GET", $"/info/{id}")).Json.GetProperty("status").GetString());
        await EndProgramAsync(id);
        var ended = await _speed.EndAsync(id);

        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
        Assert.Equal(1, ended.GetProperty("attempt").GetInt32());
        Assert.EndsWith("last", await ResultsAsync(id), StringComparison.Ordinal);
    }

    private async Task EndProgramAsync(long id)
    {
        var container = Assert.Single(await DockerCli.ContainersAsync($"speed-{_speed.Instance}-{id}-"));
        await DockerCli.RunAsync("kill", "--signal", "USR1", container);
    }

    private async Task<string> ResultsAsync(long id) =>
        (await _speed.AskAsync("GET", $"/results/{id}")).Json.GetProperty("results").GetString()!;

    private static string? TextOf(JsonElement line) =>
        line.TryGetProperty("text", out var text) ? text.GetString() : null;

    private static IEnumerable<string> LinesOf(ServerEvent one) =>
        one.Name == "lines" ? one.Data.EnumerateArray().Select(TextOf).OfType<string>() : [];

    private static async Task UntilAsync<T>(Func<CancellationToken, ValueTask<T?>> read, Func<T, bool> isIt)
        where T : class
    {
        while (true)
        {
            var next = await read(Now);
            Assert.True(next is not null, "The stream ended before.");
            if (isIt(next))
            {
                return;
            }
        }
    }

    /// <summary>One that each test leaves with a host, a worker, and nothing that runs.</summary>
    public sealed class World : IAsyncLifetime
    {
        private GitServer _git = null!;

        public HostedSpeed Hosted { get; } = new(("Speed__MaxRunning", "1"));

        internal GitRepository Repository { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _git = await GitServer.StartAsync();
            Repository = await _git.CreateAsync("app", r => r.File("Dockerfile", Dockerfile));
            await Hosted.StartAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Hosted.DisposeAsync();
            await _git.DisposeAsync();
        }
    }
}
