using Speed.Deployments;

namespace Speed.Tests.Deployments;

/// <summary>A container that answers what a test says; whatever else is asked of it is a fault of the test.</summary>
internal sealed class ScriptedContainer : IContainer
{
    public ContainerState State => ContainerState.Running;

    public string StopSignal => "SIGTERM";

    public Func<CancellationToken, Task<ProbeAnswer>> Probe { get; init; } = _ => throw new NotSupportedException();

    public Task<ProbeAnswer> ProbeAsync(bool isUp, CancellationToken cancellationToken) => Probe(cancellationToken);

    public Task<IReadOnlyList<int>> ListAnsweringPortsAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task AttachAsync(OutputSink sink, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task StartAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> ReadKeptAsync(OutputSink sink, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<DateTimeOffset?> FindOldestKeptAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<LogStream, long>?> MeasureKeptAsync(
        DateTimeOffset? until, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ContainerExit> WaitAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> FindShellInFrontAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task StopAsync(TimeSpan grace, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task RemoveAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
