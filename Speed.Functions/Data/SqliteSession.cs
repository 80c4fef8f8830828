using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Speed.Data;

/// <summary>
/// One connection and its prepared statements. For one thread at a time; every statement runs to its end
/// before the next, so none keeps an old snapshot alive.
/// </summary>
internal sealed class SqliteSession : IDisposable
{
    // Before 3.51.3 a checkpoint could corrupt a WAL database.
    private static readonly Version LeastVersion = new(3, 51, 3);

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    static SqliteSession() => SQLitePCL.Batteries_V2.Init();

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    /// <summary>False once SQLite itself has rolled the transaction back, as it does on some faults.</summary>
    public bool InTransaction => sqlite3_get_autocommit(_connection.Handle) == 0;

    public static SqliteSession Open(string dataSource, SqliteOpenMode mode, TimeSpan busyTimeout)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = dataSource,
            Mode = mode,
            Pooling = false,
            // The provider repeats what is busy on top of SQLite's own busy_timeout: at its least, that one rules.
            DefaultTimeout = 1,
        }.ConnectionString);
        var session = new SqliteSession(connection);
        try
        {
            connection.Open();
            session.Configure(busyTimeout);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>The first row; the default where there is none.</summary>
    public T? One<T>(string sql, Func<Row, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var reader = Prepare(sql, parameters).ExecuteReader();
        return reader.Read() ? read(new Row(reader)) : default;
    }

    public List<T> All<T>(string sql, Func<Row, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var rows = new List<T>();
        Each(sql, row => { rows.Add(read(row)); return true; }, parameters);
        return rows;
    }

    /// <summary>Hands over row after row until <paramref name="read"/> says false.</summary>
    public void Each(string sql, Func<Row, bool> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var reader = Prepare(sql, parameters).ExecuteReader();
        while (reader.Read() && read(new Row(reader)))
        {
        }
    }

    /// <summary>Sets a pragma and makes sure that it took.</summary>
    public void Set(string pragma, string value)
    {
        Run($"PRAGMA {pragma} = {value}");
        var actual = Run($"PRAGMA {pragma}");
        if (actual != value)
        {
            throw new StoreStartException(
                $"SQLite has {pragma} = {actual} for {_connection.DataSource} instead of {value}.");
        }
    }

    /// <summary>
    /// Runs a text of our own, of one statement or many, without keeping it prepared: a pragma acts when it is
    /// prepared, so a kept one would act once. Gives the first value.
    /// </summary>
    public string? Run(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only our own constants get here.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar()?.ToString();
    }

    /// <summary>Lets statements of this session call a function of ours: the same arguments give the same value.</summary>
    public void Define(string name, Func<string, string> function) =>
        _connection.CreateFunction(name, function, isDeterministic: true);

    /// <inheritdoc cref="Define(string, Func{string, string})"/>
    public void Define(string name, Func<string, string, string, string> function) =>
        _connection.CreateFunction(name, function, isDeterministic: true);

    /// <summary>Writes all as of now into a new file, which is on the disk when this returns.</summary>
    public void CopyTo(string path)
    {
        using var copy = Open(path, SqliteOpenMode.ReadWriteCreate, TimeSpan.Zero);
        _connection.BackupDatabase(copy._connection);
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private void Configure(TimeSpan busyTimeout)
    {
        if (Version.Parse(_connection.ServerVersion) < LeastVersion)
        {
            throw new StoreStartException(
                $"SQLite {_connection.ServerVersion} is too old: SPEED needs {LeastVersion} or newer.");
        }

        Set("busy_timeout", $"{(int)busyTimeout.TotalMilliseconds}");
        Set("synchronous", "2");
        Set("foreign_keys", "1");
        Set("trusted_schema", "0");
        Set("cell_size_check", "1");
        // 2: in memory. A file's place would be /tmp, which a container with a read-only root has not.
        Set("temp_store", "2");
        Set("journal_size_limit", "67108864");
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only our own constants get here.
            command.CommandText = sql;
#pragma warning restore CA2100
            _prepared.Add(sql, command);
        }

        command.Parameters.Clear();
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
