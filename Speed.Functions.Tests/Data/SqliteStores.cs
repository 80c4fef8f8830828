using Speed.Data;
using Speed.Deployments;

namespace Speed.Tests.Data;

/// <summary>Both databases in one folder, as one process has them. Open it again for a restart.</summary>
public sealed class SqliteStores : IDisposable
{
    private readonly DataDirectory _directory;

    public SqliteStores(StoreOptions options, Bell bell, TimeProvider time)
    {
        _directory = new DataDirectory(options);
        try
        {
            Deployments = new DbManager(_directory, options, bell, time);
            Logs = new LogDatabase(_directory, options, bell, time);
            Deployments.CarryWaitingOverAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public DbManager Deployments { get; } = null!;

    public LogDatabase Logs { get; } = null!;

    public Ballast Ballast => _directory.Ballast;

    public void Dispose()
    {
        Logs?.Dispose();
        Deployments?.Dispose();
        _directory.Dispose();
    }
}
