using Speed.Data;
using Speed.Deployments;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the log's store keeps its contract.</summary>
public sealed class SqliteLogTests : LogStoreContract
{
    private readonly TempFolder _folder = new();
    private SqliteStores? _stores;

    protected override ILogStore Open(long maxBytes)
    {
        var options = new StoreOptions { DataDirectory = _folder.FullPath, LogMaxBytes = maxBytes };
        _stores = new SqliteStores(options, Bell, Time);
        return _stores.Logs;
    }

    protected override void Close() => _stores?.Dispose();

    protected override void Forget() => _folder.Dispose();
}
