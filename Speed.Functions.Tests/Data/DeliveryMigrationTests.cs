using Speed.Data;
using Speed.Deployments;
using Speed.Hooks;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: deliveries that were recorded before one could cancel something.</summary>
public sealed class DeliveryMigrationTests : IDisposable
{
    private const int SchemaOfBefore = 24;

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task They_stay_as_they_are_and_new_ones_get_numbers_that_no_other_had()
    {
        OldDatabases.Make(_folder.FullPath, SchemaOfBefore);
        OldDatabases.Run(
            Path.Combine(_folder.FullPath, "deployments.db"),
            """
            INSERT INTO hook (name, forge, url, branches, paths, options, sealed, created_at_ms)
            VALUES ('app', 'github', 'https://git.example/r', '["*"]', '[]', '{}', x'00', 1);
            INSERT INTO delivery (id, hook, forge_id, event, part, at_ms, decision, reason, deployment_id, body)
            VALUES (3, 'app', 'guid', 'push', 0, 1, 'started', 'pushed', 1, x'7b7d'),
                (4, 'app', NULL, 'delete', 0, 2, 'ignored', 'branch deleted; deployment 1 is being canceled', NULL, NULL),
                (9, 'app', NULL, 'ping', 0, 3, 'ignored', 'ping', NULL, NULL);
            DELETE FROM delivery WHERE id = 9;
            """);
        using var stores = new SqliteStores(
            new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
        var store = stores.Deployments;

        var kept = await store.ListHookDeliveriesAsync("app", Token);
        var body = await store.ReadDeliveryAsync("app", 3, Token);
        var added = await store.RecordAsync(
            new NewHookDelivery("app", null, "push", []), DecisionWord.Canceled, "branch deleted", Token);

        Assert.Equal(
            [(4, DecisionWord.Ignored, null, null), (3, DecisionWord.Started, "guid", 1L)],
            kept.Select(one => (one.Id, one.Decision, one.ForgeId, one.DeploymentId)));
        Assert.Equal("{}"u8, body!.Body);
        Assert.Equal((10, DecisionWord.Canceled), (added!.Id, added.Decision));
    }
}
