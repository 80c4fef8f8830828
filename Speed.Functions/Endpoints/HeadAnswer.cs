using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Speed.Endpoints;

/// <summary>
/// Answers HEAD wherever GET is answered, by the same function and without its body. What would go on sending, such as a
/// log that is followed, ends once its headers are on their way.
/// </summary>
internal static class HeadAnswer
{
    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var (body, aborted) = (context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), context.RequestAborted);
        context.Request.Method = HttpMethods.Get;
        context.RequestAborted = over.Token;
        context.Features.Set<IHttpResponseBodyFeature>(new NoBody(body, over));
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            // Its headers are sent: that is all of it.
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
            context.RequestAborted = aborted;
            context.Features.Set(body);
        }
    }

    // Takes a body and drops it. To whoever writes it, its reader is gone once something was to be sent.
    private sealed class NoBody(IHttpResponseBodyFeature inner, CancellationTokenSource over)
        : PipeWriter, IHttpResponseBodyFeature
    {
        private const int LeastBytes = 4 * 1024;

        private byte[] _scratch = new byte[LeastBytes];
        private long _unflushed;
        private Stream? _stream;

        public Stream Stream => _stream ??= AsStream(leaveOpen: true);

        public PipeWriter Writer => this;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _unflushed;

        public override void Advance(int bytes) => _unflushed += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_scratch.Length < sizeHint)
            {
                _scratch = new byte[sizeHint];
            }

            return _scratch;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _unflushed = 0;
            await StartAsync(cancellationToken);
            return new FlushResult(isCanceled: false, isCompleted: false);
        }

        public async Task StartAsync(CancellationToken cancellationToken = default)
        {
            await inner.StartAsync(cancellationToken);
            await over.CancelAsync();
        }

        public Task SendFileAsync(
            string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            StartAsync(cancellationToken);

        public Task CompleteAsync() => inner.CompleteAsync();

        public void DisableBuffering() => inner.DisableBuffering();

        public override void CancelPendingFlush()
        {
            // None is ever pending.
        }

        public override void Complete(Exception? exception = null)
        {
            // Whoever answers the request completes it.
        }
    }
}
