using System.Text.Json;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>SIGKILL at the instants that matter, as the engine's socket sees them.</summary>
public sealed class KillPointTests : IAsyncLifetime
{
    private const string Create = "^POST .*/containers/create";
    private const string Start = "^POST .*/containers/[^/]+/start";
    private const string Remove = "^DELETE .*/containers/";
    private const string Build = "^POST .*/build[?]";

    private readonly EngineProxy _proxy = new();
    private readonly EngineEvents _events = new();
    private readonly Ledger _ledger = new();
    private SpeedProcess _speed = null!;
    private GitServer _git = null!;
    private GitRepository _repository = null!;

    public async ValueTask InitializeAsync()
    {
        _speed = new SpeedProcess(("Speed__Docker__Endpoint", _proxy.Endpoint));
        _git = await GitServer.StartAsync();
        _repository = await _git.CreateAsync("app", r => r.File("Dockerfile", Job.Dockerfile));
        await _speed.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _events.Dispose();
        await _speed.DisposeAsync();
        await _proxy.DisposeAsync();
        await _git.DisposeAsync();
    }

    [Theory]
    [InlineData(Build, Moment.Asked, 2)]
    [InlineData(Build, Moment.Answered, 2)]
    [InlineData(Create, Moment.Asked, 1)]
    [InlineData(Create, Moment.Sent, 1)]
    [InlineData(Create, Moment.Answered, 1)]
    public async Task Killed_before_a_start_was_asked_for_it_goes_on_and_succeeds(
        string request, Moment moment, int attempt)
    {
        var id = await DieAsync(new Job("building", "echo line 1", Lines: 1, Builds: true), request, moment);

        var ended = await LiveOnAsync(id);

        Assert.Equal(("Succeeded", attempt), (Text(ended, "status"), ended.GetProperty("attempt").GetInt32()));
        Assert.Equal($"speed-{_speed.Instance}-{id}-{attempt}", Assert.Single(_events.StartsOf(_speed.Instance)));
    }

    [Fact]
    public async Task Killed_between_asking_and_starting_it_is_not_started_again_and_says_so()
    {
        var id = await DieAsync(Quick, Start, Moment.Asked);

        var ended = await LiveOnAsync(id);

        Assert.Equal(("Failed", 1), (Text(ended, "status"), ended.GetProperty("attempt").GetInt32()));
        Assert.Equal("INTERRUPTED", Text(ended.GetProperty("failure"), "code"));
        Assert.Empty(_events.StartsOf(_speed.Instance));
    }

    [Theory]
    [InlineData(Moment.Sent)]
    [InlineData(Moment.Answered)]
    public async Task Killed_while_the_engine_starts_it_it_is_adopted_and_not_started_again(Moment moment)
    {
        var id = await DieAsync(new Job("slow", Job.Numbered(20, "sleep 0.1"), Lines: 20), Start, moment);

        var ended = await LiveOnAsync(id);

        Assert.Equal(("Succeeded", 1), (Text(ended, "status"), ended.GetProperty("attempt").GetInt32()));
        Assert.Single(_events.StartsOf(_speed.Instance));
    }

    [Theory]
    [InlineData(Moment.Asked)]
    [InlineData(Moment.Sent)]
    [InlineData(Moment.Answered)]
    public async Task Killed_while_it_cleans_up_nothing_is_left(Moment moment)
    {
        var id = await DieAsync(Quick, Remove, moment);

        var ended = await LiveOnAsync(id);

        Assert.Equal("Succeeded", Text(ended, "status"));
        Assert.Single(_events.StartsOf(_speed.Instance));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(57)]
    public async Task Killed_after_a_watcher_saw_a_line_the_log_goes_on_without_hole_or_repetition(int line)
    {
        var id = await DeployAsync(new Job("chatty", Job.Numbered(300, "[ $((i % 10)) -ne 0 ] || sleep 0.05"), Lines: 300));
        await _speed.SeesLineAsync(id, $"line {line}");
        await _speed.KillAsync();

        var ended = await LiveOnAsync(id);

        Assert.Equal("Succeeded", Text(ended, "status"));
        Assert.Single(_events.StartsOf(_speed.Instance));
    }

    private static Job Quick { get; } = new("quick", "echo line 1", Lines: 1);

    private static string Text(JsonElement of, string member) => of.GetProperty(member).GetString()!;

    private async Task<long> DeployAsync(Job job)
    {
        var id = await _speed.DeployAsync(_repository.Url, job.Options);
        _ledger.Add(id, job);
        return id;
    }

    // Deploys, and is killed when the deployment's life comes to this point.
    private async Task<long> DieAsync(Job job, string request, Moment moment)
    {
        var dies = _proxy.AtAsync(request, moment, _speed.KillAsync);
        var id = await DeployAsync(job);
        await dies.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return id;
    }

    // Starts on what is left, waits for the end, and lets the oracle look at both.
    private async Task<JsonElement> LiveOnAsync(long id)
    {
        var oracle = new Oracle(_speed.DataDirectory, _ledger);
        oracle.Check();
        await _speed.StartAsync();
        var ended = await _speed.EndAsync(id);
        await EngineLeftovers.NoneOfAsync(_speed.Instance);
        await _speed.TerminateAsync();
        oracle.CheckEnd();
        return ended;
    }
}
