using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Speed.Data;

/// <summary>
/// The one writer of a database: a thread that takes whatever commands have come and commits them in one
/// transaction, each within its own savepoint. A command's task completes after the commit; one that fails
/// takes nothing but itself along.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    private const int MostWaiting = 4096;
    private const int MostPerCommit = 512;

    // As SQLite has it.
    private const int PagesBetweenCheckpoints = 1_000;
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(2);

    private readonly Channel<WriteCommand> _commands;
    private readonly SqliteSession _session;
    private readonly string _path;
    private readonly bool _alwaysDurable;
    private readonly TimeSpan _busyTimeout;
    private readonly Action _onFullDisk;
    private readonly Func<bool> _holdsCheckpoints;
    private readonly Action<TimeSpan> _onCommit;
    private readonly Thread _thread;
    private bool _checkpointed;
    private bool _areCheckpointsHeld;

    public SqliteWriter(
        SqliteSession session, string path, bool alwaysDurable, TimeSpan busyTimeout, Action onFullDisk,
        Func<bool> holdsCheckpoints, Action<TimeSpan> onCommit)
    {
        (_session, _path, _alwaysDurable) = (session, path, alwaysDurable);
        (_busyTimeout, _onFullDisk, _onCommit) = (busyTimeout, onFullDisk, onCommit);
        _holdsCheckpoints = holdsCheckpoints;
        _commands = Channel.CreateBounded<WriteCommand>(new BoundedChannelOptions(MostWaiting)
        {
            SingleReader = true,
            // Wakes the thread directly: through the thread pool, a busy pool would hold up every commit.
            AllowSynchronousContinuations = true,
        });
        _thread = new Thread(Run) { IsBackground = true, Name = $"writer of {System.IO.Path.GetFileName(path)}" };
        _thread.Start();
    }

    /// <summary>The database file.</summary>
    public string Path => _path;

    /// <summary>Transactions committed so far.</summary>
    public long Commits { get; private set; }

    /// <summary>
    /// Runs <paramref name="write"/> on the writer's thread. <paramref name="durable"/>: with fsync, even where
    /// the database commits without. Canceled only before its turn: after that, what was written stays.
    /// </summary>
    public async Task<T> WriteAsync<T>(
        Func<SqliteSession, T> write, bool durable, CancellationToken cancellationToken)
    {
        var command = new WriteCommand<T>(write, durable, cancellationToken);
        try
        {
            await _commands.Writer.WriteAsync(command, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(_path);
        }

        return await command.Done;
    }

    /// <summary>Commits what has come, and closes.</summary>
    public void Dispose()
    {
        if (_commands.Writer.TryComplete())
        {
            _thread.Join();
            _session.Dispose();
        }
    }

    private void Run()
    {
        var batch = new List<WriteCommand>(MostPerCommit);
        while (WaitForCommands())
        {
            while (batch.Count < MostPerCommit && _commands.Reader.TryRead(out var command))
            {
                batch.Add(command);
            }

            Commit(batch);
            batch.Clear();
        }

        Checkpoint();
    }

    private bool WaitForCommands()
    {
        var next = _commands.Reader.WaitToReadAsync().AsTask();
        while (!next.Wait(IdleAfter))
        {
            Checkpoint();
        }

        return next.Result;
    }

    private void Commit(List<WriteCommand> batch)
    {
        try
        {
            HoldCheckpoints();
            RunInOneTransaction(batch);
        }
        catch (Exception fault)
        {
            RollBack();
            var told = Translate(fault);
            batch.ForEach(command => command.Fail(told));
            return;
        }

        batch.ForEach(command => command.Complete());
    }

    private void RunInOneTransaction(List<WriteCommand> batch)
    {
        var extraDurable = !_alwaysDurable && batch.Exists(command => command.Durable);
        if (extraDurable)
        {
            // Outside the transaction: inside, the pragma does nothing.
            _session.Run("PRAGMA synchronous = FULL");
        }

        try
        {
            _session.Execute("BEGIN IMMEDIATE");
            batch.ForEach(RunInSavepoint);
            var began = TimeProvider.System.GetTimestamp();
            _session.Execute("COMMIT");
            _onCommit(TimeProvider.System.GetElapsedTime(began));
            Commits++;
            _checkpointed = false;
        }
        finally
        {
            if (extraDurable)
            {
                RollBack();
                _session.Run("PRAGMA synchronous = NORMAL");
            }
        }
    }

    private void RunInSavepoint(WriteCommand command)
    {
        if (command.IsCanceled)
        {
            command.Fault = new OperationCanceledException();
            return;
        }

        _session.Execute("SAVEPOINT command");
        try
        {
            command.Run(_session);
        }
        catch (Exception fault)
        {
            command.Fault = Translate(fault);
            if (!_session.InTransaction)
            {
                // SQLite rolled all of it back, the commands before this one too.
                throw;
            }

            _session.Execute("ROLLBACK TO command");
        }

        _session.Execute("RELEASE command");
    }

    private Exception Translate(Exception fault)
    {
        if (fault is not SqliteException { IsPassing: true } passing)
        {
            return fault;
        }

        if (passing.IsFullDisk)
        {
            _onFullDisk();
        }

        return passing.ToUnavailable(_path);
    }

    private void RollBack()
    {
        if (_session.InTransaction)
        {
            _session.Execute("ROLLBACK");
        }
    }

    // On a full disk a checkpoint takes the room that is left for ends page by page, comes to no end, and gives none back.
    private void HoldCheckpoints()
    {
        var isHeld = _holdsCheckpoints();
        if (isHeld != _areCheckpointsHeld)
        {
            _areCheckpointsHeld = isHeld;
            _session.Run($"PRAGMA wal_autocheckpoint = {(isHeld ? 0 : PagesBetweenCheckpoints)}");
        }
    }

    private void Checkpoint()
    {
        if (_checkpointed || _holdsCheckpoints())
        {
            return;
        }

        try
        {
            // Not waiting for readers, or one that lingers would hold up the next command.
            _session.Run("PRAGMA busy_timeout = 0");
            _checkpointed = _session.Run("PRAGMA wal_checkpoint(TRUNCATE)") == "0";
        }
        catch (SqliteException)
        {
            // The log only stays longer; the next idle moment tries again.
        }
        finally
        {
            _session.Run($"PRAGMA busy_timeout = {(int)_busyTimeout.TotalMilliseconds}");
        }
    }
}
