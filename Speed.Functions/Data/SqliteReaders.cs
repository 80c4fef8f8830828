using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Speed.Data;

/// <summary>Read-only connections, opened as needed and used again. They never wait for the writer.</summary>
internal sealed class SqliteReaders(string path, TimeSpan busyTimeout) : IDisposable
{
    private const int MostAtOnce = 32;

    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SemaphoreSlim _free = new(MostAtOnce);
    private volatile bool _closed;

    public async Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            return Read(read);
        }
        catch (SqliteException fault) when (fault.IsPassing)
        {
            throw fault.ToUnavailable(path);
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose()
    {
        _closed = true;
        DisposeIdle();
    }

    private T Read<T>(Func<SqliteSession, T> read)
    {
        if (!_idle.TryTake(out var session))
        {
            session = SqliteSession.Open(path, SqliteOpenMode.ReadOnly, busyTimeout);
        }

        try
        {
            var result = read(session);
            _idle.Add(session);
            if (_closed)
            {
                DisposeIdle();
            }

            return result;
        }
        catch
        {
            // A connection that met a fault is not worth a second try.
            session.Dispose();
            throw;
        }
    }

    private void DisposeIdle()
    {
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }
}
