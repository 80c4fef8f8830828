using Speed.Data;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the store of secrets keeps its contract.</summary>
public sealed class SqliteSecretTests : SecretStoreContract
{
    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly SqliteStores _stores;

    public SqliteSecretTests() => _stores = new SqliteStores(
        new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);

    protected override ISecretStore Secrets => _stores.Deployments;

    protected override IDeploymentStore Deployments => _stores.Deployments;

    public override void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
