using System.Text;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>A container's output on its way to a sink.</summary>
internal sealed class ContainerOutput : IAsyncDisposable
{
    private const int RememberedBytes = 1024;

    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStream _firstStderr = new();
    private readonly HttpResponseMessage _response;
    private readonly OutputFrames _frames;
    private readonly OutputBacklog _backlog = new();

    private ContainerOutput(HttpResponseMessage response, Stream stream, OutputSink sink)
    {
        _response = response;
        _frames = new OutputFrames(stream);
        Ended = Task.WhenAll(Task.Run(ReadToEndAsync), Task.Run(() => HandOnAsync(sink)));
    }

    /// <summary>Completes after the last byte; fails where the sink did.</summary>
    public Task Ended { get; }

    /// <summary>How stderr began. Read it once the output has ended.</summary>
    public string FirstStderr => Encoding.UTF8.GetString(_firstStderr.ToArray());

    public static async Task<ContainerOutput> AttachAsync(
        DockerConnection docker, string id, OutputSink sink, CancellationToken cancellationToken)
    {
        // The client library's own attach blocks a thread for each container, and cannot be canceled.
        using var request = new HttpRequestMessage(
            HttpMethod.Post, $"/containers/{id}/attach?stream=1&stdout=1&stderr=1");
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("tcp"));
        var response = await docker.SendAsync(request, cancellationToken);
        return new ContainerOutput(response, await response.Content.ReadAsStreamAsync(cancellationToken), sink);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();

        // Whoever waited for the container has met a fault of the sink already.
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _response.Dispose();
        _backlog.Dispose();
        _stop.Dispose();
    }

    private async Task ReadToEndAsync()
    {
        try
        {
            while (await ReadAsync() is var (stream, bytes))
            {
                if (stream == LogStream.Stderr && _firstStderr.Length < RememberedBytes)
                {
                    _firstStderr.Write(bytes.Span[..Math.Min(bytes.Length, RememberedBytes)]);
                }

                await _backlog.AddAsync(stream, bytes, _stop.Token);
            }
        }
        finally
        {
            _backlog.Complete();
        }
    }

    private async Task HandOnAsync(OutputSink sink)
    {
        try
        {
            await _backlog.DrainAsync(sink, _stop.Token);
        }
        catch
        {
            // Nobody takes the rest: do not hold the container for ever.
            await _stop.CancelAsync();
            throw;
        }
    }

    // A broken connection is the engine's end: whoever waits for the container finds that out.
    private async Task<(LogStream, ReadOnlyMemory<byte>)?> ReadAsync()
    {
        try
        {
            return await _frames.ReadAsync(_stop.Token);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
