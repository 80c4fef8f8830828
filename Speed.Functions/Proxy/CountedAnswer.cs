using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Speed.Proxy;

/// <summary>Counts what of an answer's body is handed to the client as a stream.</summary>
internal sealed class CountedAnswer(IHttpResponseBodyFeature inner, ProxiedRequest request) : IHttpResponseBodyFeature
{
    public Stream Stream { get; } = new Counted(inner.Stream, request);

    public PipeWriter Writer => inner.Writer;

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();

    public void DisableBuffering() => inner.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        inner.SendFileAsync(path, offset, count, cancellationToken);

    private sealed class Counted(Stream body, ProxiedRequest request) : PassingStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            request.Bytes += buffer.Length;
            return body.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);
    }
}
