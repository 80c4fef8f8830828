using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>A SPEED behind a proxy of the engine's socket that kills it at a chosen request; shared by a class.</summary>
public sealed class KillPointWorld : IAsyncLifetime
{
    private readonly EngineProxy _proxy = new();
    private readonly EngineEvents _events = new();
    private readonly Ledger _ledger = new();
    private SpeedProcess _speed = null!;
    private Oracle _oracle = null!;
    private GitServer _git = null!;
    private GitRepository _repository = null!;

    public async ValueTask InitializeAsync()
    {
        _speed = new SpeedProcess(("Speed__Docker__Endpoint", _proxy.Endpoint));
        _oracle = new Oracle(_speed.DataDirectory, _ledger);
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

    /// <summary>Deploys, and kills SPEED when the deployment's life comes to this request.</summary>
    internal async Task<long> DieAsync(Job job, string request, Moment moment)
    {
        var dies = _proxy.AtAsync(request, moment, _speed.KillAsync);
        var id = await DeployAsync(job);
        await dies.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return id;
    }

    /// <summary>Deploys, and kills SPEED when a watcher sees this line.</summary>
    internal async Task<long> DieAtLineAsync(Job job, int line)
    {
        var id = await DeployAsync(job);
        await _speed.SeesLineAsync(id, $"line {line}");
        await _speed.KillAsync();
        return id;
    }

    /// <summary>Starts SPEED on what was left, and waits for the end. The oracle looks at both.</summary>
    internal async Task<Ended> LiveOnAsync(long id)
    {
        _oracle.Check();
        await _speed.StartAsync();
        var ended = await _speed.EndAsync(id);
        await EngineLeftovers.NoneOfAsync(_speed.Instance);
        _oracle.CheckEnd();

        var prefix = $"speed-{_speed.Instance}-{id}-";
        return new Ended(
            ended.GetProperty("status").GetString()!,
            ended.GetProperty("failure") is { ValueKind: JsonValueKind.Object } failure ? failure.GetProperty("code").GetString() : null,
            ended.GetProperty("attempt").GetInt32(),
            [.. _events.StartsOf(_speed.Instance).Where(name => name.StartsWith(prefix, StringComparison.Ordinal))]);
    }

    private async Task<long> DeployAsync(Job job)
    {
        var id = await _speed.DeployAsync(_repository.Url, job.Options);
        _ledger.Add(id, job);
        return id;
    }

    /// <param name="Starts">The names of the containers that the engine started.</param>
    internal sealed record Ended(string Status, string? Code, int Attempt, IReadOnlyList<string> Starts);
}
