using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Deployments on an engine that a test breaks, and what may become of them.</summary>
public abstract class EngineFaults : IAsyncLifetime
{
    private readonly EngineWorld _world = new(maxRunning: 3);
    private GitRepository _repository = null!;

    private protected static CancellationToken Now => TestContext.Current.CancellationToken;

    private protected Random Random { get; } = new(Scale.Seed);

    private protected Ledger Ledger { get; } = new();

    /// <summary>How each deployment ended, and after which fault.</summary>
    private protected List<string> Ends { get; } = [];

    private protected OwnEngine Engine => _world.Engine;

    private protected SpeedProcess Speed => _world.Speed;

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        _repository = await _world.Git.CreateAsync("app", r => r.File("Dockerfile", Job.Dockerfile));
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task<long> StartAsync(Job job)
    {
        var id = await Speed.DeployAsync(_repository.Url, job.Options);
        Ledger.Add(id, job);
        return id;
    }

    private protected async Task EndsAsync(Fault fault, long id, params string[] expected)
    {
        var ended = await Speed.EndAsync(id);
        var failure = ended.GetProperty("failure");
        var end = failure.ValueKind == JsonValueKind.Object ? Text(failure, "code")! : "Succeeded";
        Ends.Add($"{end} ({Ledger.Find(id)!.Job.Name}, {fault})");
        Assert.True(
            expected.Contains(end),
            $"{fault}, expected {string.Join(" or ", expected)}: {ended}\n{await Speed.LogAsync(id)}\n{Speed.Output}");
        if (end == "DOCKER_RESTARTED")
        {
            var log = ended.GetProperty("log");
            Assert.False(log.GetProperty("complete").GetBoolean(), "No gap says that output is missing.");
        }
    }

    private protected static string? Text(JsonElement of, string member) => of.GetProperty(member).GetString();

    private protected enum Fault
    {
        Killed,
        Terminated,
        Frozen,
    }
}
