namespace Speed.Cli;

/// <summary>
/// Reads the log of one deployment, and reads on after lost connections: no line is given twice, and none is left out.
/// </summary>
/// <param name="take">Gets each entry.</param>
internal sealed class LogFollower(
    SpeedClient speed, long id, LogQuery query, Reconnection reconnection, Action<LogEntry> take)
{
    private LogQuery _rest = query;

    /// <summary>Reads what is there now.</summary>
    public Task<bool> ReadAsync(CancellationToken cancellationToken) =>
        reconnection.TryAsync(() => ReadOnAsync(follow: false, cancellationToken), cancellationToken);

    /// <summary>Reads until the log is closed and all of it was given.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (_rest.Tail is not null)
        {
            await ReadTailAsync(cancellationToken);
        }

        while (true)
        {
            var (wasClosed, gaveAny) = await reconnection.TryAsync(
                async () =>
                {
                    // Whether it is closed comes first: what was read after that is all there will ever be.
                    var closed = await IsClosedAsync(cancellationToken);

                    // A quiet log says nothing for hours, over many restarts.
                    reconnection.Heard();
                    return (closed, await ReadOnAsync(follow: true, cancellationToken));
                },
                cancellationToken);
            if (wasClosed && !gaveAny)
            {
                return;
            }

            // Not closed, and yet the answer ended: SPEED is about to stop.
            if (!gaveAny && !await reconnection.TryAsync(() => IsClosedAsync(cancellationToken), cancellationToken))
            {
                await reconnection.PauseAsync(cancellationToken);
            }
        }
    }

    // A tail of nothing is an answer, too: what comes later begins behind what there was.
    private async Task ReadTailAsync(CancellationToken cancellationToken)
    {
        var before = (await FindAsync(cancellationToken)).LogLines;
        await ReadOnAsync(follow: false, cancellationToken);
        _rest = _rest with { After = Math.Max(_rest.After, before), Tail = null };
    }

    private async Task<bool> ReadOnAsync(bool follow, CancellationToken cancellationToken)
    {
        var gaveAny = false;
        await speed.ReadLinesAsync(
            _rest.PathOf(id, follow),
            line =>
            {
                if (LogEntry.Parse(line) is not { } entry)
                {
                    throw new IOException("The connection was cut within a line.");
                }

                reconnection.Heard();
                take(entry);
                _rest = _rest with { After = entry.Last, Tail = null };
                gaveAny = true;
            },
            cancellationToken);
        return gaveAny;
    }

    private async Task<bool> IsClosedAsync(CancellationToken cancellationToken) =>
        (await FindAsync(cancellationToken)).IsLogClosed;

    private async Task<Deployment> FindAsync(CancellationToken cancellationToken) =>
        new(await speed.GetAsync($"v1/deployments/{id}", cancellationToken));
}
