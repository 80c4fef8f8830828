using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>
/// The requests that are under way, each with what it was let in by. Streams, waits and transfers go on for long: every
/// five seconds all are judged again, and those are cut off whose key or session is good no more. Cut off and not ended, for
/// an end would pass half an answer off as a whole one.
/// </summary>
internal sealed class OpenRequests(Access access, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<OpenRequest, Credential> _open = [];

    /// <summary>Answers a request, and keeps an eye on it where that takes longer.</summary>
    public Task AnswerAsync(HttpContext context, Credential credential, Caller caller, RequestDelegate next)
    {
        var answering = next(context);
        return answering.IsCompleted ? answering : WatchAsync(new OpenRequest(context, caller), credential, answering);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Pause, time, stoppingToken);
                await JudgeAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // SPEED stops, and with it all that is open.
        }
    }

    private async Task WatchAsync(OpenRequest request, Credential credential, Task answering)
    {
        _open[request] = credential;
        try
        {
            await answering;
        }
        finally
        {
            _open.TryRemove(request, out _);
            request.End();
        }
    }

    // One look for each key, however many streams it has open.
    private async Task JudgeAsync(CancellationToken cancellationToken)
    {
        foreach (var shown in _open.GroupBy(open => open.Value, open => open.Key))
        {
            var isGood = await IsGoodAsync(shown.Key, cancellationToken);
            foreach (var request in shown.Where(request => !isGood || request.Caller.ExpiresAt <= time.GetUtcNow()))
            {
                request.Cut();
            }
        }
    }

    // While the store cannot be read nobody knows of a revocation. When a key expires is known all the same.
    private async Task<bool> IsGoodAsync(Credential credential, CancellationToken cancellationToken)
    {
        try
        {
            return await credential.FindCallerAsync(access, cancellationToken) is not null;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
    }

    private sealed class OpenRequest(HttpContext context, Caller caller)
    {
        private readonly Lock _ending = new();
        private bool _isOver;

        public Caller Caller { get; } = caller;

        // Never afterwards: the server uses its contexts again, and it would be the next request's.
        public void Cut()
        {
            lock (_ending)
            {
                if (!_isOver)
                {
                    context.Abort();
                }
            }
        }

        public void End()
        {
            lock (_ending)
            {
                _isOver = true;
            }
        }
    }
}
