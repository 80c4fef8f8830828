using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the outbox keeps its contract.</summary>
public sealed class SqliteOutboxTests : OutboxContract
{
    private readonly TempFolder _folder = TempFolder.InMemory();
    private SqliteStores _stores;

    public SqliteOutboxTests() => _stores = Open();

    protected override INotificationStore Notifications => _stores.Deployments;

    protected override IOutbox Outbox => _stores.Deployments;

    protected override IVolumeStore Volumes => _stores.Deployments;

    protected override IDeploymentStore Deployments => _stores.Deployments;

    protected override ISecretStore Secrets => _stores.Deployments;

    [Fact]
    public async Task What_an_older_schema_had_still_to_tell_is_told_and_ids_go_on_above_its_own()
    {
        _stores.Dispose();
        foreach (var file in Directory.GetFiles(_folder.FullPath, "deployments.db*"))
        {
            File.Delete(file);
        }

        MakeOld(_folder.File("deployments.db"));
        _stores = Open();

        var told = Assert.Single(await Outbox.ReadOutboxAsync(Token));
        Assert.Equal((1, NotificationEvent.Failed, "https://git.example/r"), (told.DeploymentId, told.Event, told.Url));
        var due = Assert.Single(await Outbox.ListDueAsync([], 10, Token));
        Assert.Equal((7, "msg_old", 1), (due.Id, due.MessageId, due.DeploymentId));
        await Outbox.SpreadAsync([told], [new NewDelivery(told, "ops", "ops")], Token);
        Assert.Equal([42, 7], (await Outbox.ListDeliveriesAsync("ops", Token)).Select(one => one.Id));
    }

    // As the last schema left it before events were of other things than deployments.
    private static void MakeOld(string path)
    {
        const int Before = 13;
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        var assembly = typeof(Migrations).Assembly;
        var scripts = assembly.GetManifestResourceNames().Where(name => name.StartsWith("deployments/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Take(Before);
        Run($"PRAGMA application_id = {0x53504544}; PRAGMA journal_mode = WAL;");
        foreach (var script in scripts)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(script)!);
            Run(reader.ReadToEnd());
        }

        Run($$"""
            PRAGMA user_version = {{Before}};
            INSERT INTO notification (name, format, origin, events, repos, created_at_ms, sealed)
            VALUES ('ops', 'slack', 'https://a.example', '["failed"]', '[]', 1, x'01');
            INSERT INTO outbox (deployment_id, event, url, data, at_ms)
            VALUES (1, 'failed', 'https://git.example/r', '{"id":1}', 5);
            INSERT INTO notification_delivery (id, notification, lane, message_id, deployment_id, event, data, at_ms, due_at_ms)
            VALUES (7, 'ops', 'ops', 'msg_old', 1, 'started', '{"id":1}', 4, 0),
                (41, 'ops', 'ops', 'msg_gone', 1, 'started', '{"id":1}', 4, 0);
            DELETE FROM notification_delivery WHERE id = 41;
            """);

        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }

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
