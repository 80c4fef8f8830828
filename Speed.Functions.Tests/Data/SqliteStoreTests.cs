using Speed.Data;
using Speed.Deployments;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the store of deployments keeps its contract.</summary>
public sealed class SqliteStoreTests : StoreContract
{
    private readonly TempFolder _folder = TempFolder.InMemory();
    private SqliteStores? _stores;

    protected override IDeploymentStore Open()
    {
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, Bell, Time);
        return _stores.Deployments;
    }

    protected override void Close() => _stores?.Dispose();

    protected override void Forget() => _folder.Dispose();
}
