using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>A container's output on its way to a sink.</summary>
internal sealed class ContainerOutput : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private readonly MultiplexedStream _stream;
    private readonly OutputSink _sink;

    private ContainerOutput(MultiplexedStream stream, OutputSink sink)
    {
        _stream = stream;
        _sink = sink;
        Ended = Task.Run(CopyAsync);
    }

    /// <summary>Completes after the last byte; fails where the sink did.</summary>
    public Task Ended { get; }

    public static async Task<ContainerOutput> AttachAsync(
        DockerConnection docker, string id, OutputSink sink, CancellationToken cancellationToken)
    {
        var parameters = new ContainerAttachParameters { Stream = true, Stdout = true, Stderr = true };
        return new ContainerOutput(
            await docker.AskAsync(client => client.Containers.AttachContainerAsync(id, parameters, cancellationToken)),
            sink);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();

        // Whoever waited for the container has met a fault of the sink already.
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stream.Dispose();
        _stop.Dispose();
    }

    private async Task CopyAsync()
    {
        var buffer = new byte[BufferBytes];
        while (await ReadAsync(buffer) is { EOF: false } read)
        {
            var stream = read.Target == MultiplexedStream.TargetStream.StandardError ? LogStream.Stderr : LogStream.Stdout;
            await _sink(stream, buffer.AsMemory(0, read.Count), _stop.Token);
        }
    }

    // A broken connection is the engine's end: whoever waits for the container finds that out.
    private async Task<MultiplexedStream.ReadResult> ReadAsync(byte[] buffer)
    {
        try
        {
            return await _stream.ReadOutputAsync(buffer, 0, buffer.Length, _stop.Token);
        }
        catch (IOException)
        {
            return default;
        }
    }
}
