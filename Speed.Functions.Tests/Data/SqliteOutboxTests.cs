using Speed.Data;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the outbox keeps its contract.</summary>
public sealed class SqliteOutboxTests : OutboxContract
{
    private readonly TempFolder _folder = TempFolder.InMemory();
    private SqliteStores _stores;

    public SqliteOutboxTests() => _stores = Open();

    protected override INotificationStore Notifications => _stores.Deployments;

    protected override IOutbox Outbox => _stores.Deployments;

    protected override IDeploymentStore Deployments => _stores.Deployments;

    protected override ISecretStore Secrets => _stores.Deployments;

    protected override void Restart()
    {
        _stores.Dispose();
        _stores = Open();
    }

    public override void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private SqliteStores Open() => new(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), Time);
}
