namespace Speed.Data;

/// <summary>One command on its way through the writer. It completes after the commit it was part of.</summary>
internal abstract class WriteCommand(bool durable, CancellationToken cancellationToken)
{
    /// <summary>True if the commit must reach the disk even where the database as a whole is more relaxed.</summary>
    public bool Durable => durable;

    /// <summary>True if its caller gave up before its turn came. From then on it is no longer asked.</summary>
    public bool IsCanceled => cancellationToken.IsCancellationRequested;

    protected CancellationToken CancellationToken => cancellationToken;

    /// <summary>Set where this command alone failed.</summary>
    public Exception? Fault { get; set; }

    public abstract void Run(SqliteSession session);

    /// <summary>Tells the caller: the commit succeeded.</summary>
    public abstract void Complete();

    /// <summary>Tells the caller: nothing of the batch was stored.</summary>
    public abstract void Fail(Exception fault);
}

internal sealed class WriteCommand<T>(
    Func<SqliteSession, T> write, bool durable, CancellationToken cancellationToken)
    : WriteCommand(durable, cancellationToken)
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Done => _done.Task;

    public override void Run(SqliteSession session) => _result = write(session);

    public override void Complete()
    {
        if (Fault is OperationCanceledException)
        {
            _done.SetCanceled(CancellationToken);
        }
        else if (Fault is not null)
        {
            _done.SetException(Fault);
        }
        else
        {
            _done.SetResult(_result!);
        }
    }

    public override void Fail(Exception fault) => _done.SetException(Fault ?? fault);
}
