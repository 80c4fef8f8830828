using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Data;

/// <summary>What came to hooks, what was decided, and what it started. Old ones go by a trigger.</summary>
public sealed partial class DbManager
{
    private const string HookDeliveryColumns = "id, forge_id, event, at_ms, decision, reason, deployment_id, redelivery_of";

    // Larger ones would push all others out.
    private const int MaxKeptBody = 1024 * 1024;

    public Task<IReadOnlyList<Delivery>> ListHookDeliveriesAsync(string hook, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Delivery>>(db => ListHookDeliveries(db, hook), cancellationToken);

    public Task<Delivery?> FindDeliveryAsync(string hook, string forgeId, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindDelivery(db, hook, forgeId), cancellationToken);

    public Task<NewHookDelivery?> ReadDeliveryAsync(string hook, long id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => ReadHookDelivery(db, hook, id), cancellationToken);

    public async Task<(Delivery? Record, AddOutcome.QueueFull? Full)> StartAsync(
        NewHookDelivery delivery, string reason, NewDeployment deployment, CancellationToken cancellationToken)
    {
        var options = CanonicalJson.Of(deployment.Options);
        var (record, outcome) = await _database.WriteAsync(
            db => Start(db, delivery, reason, deployment, options), cancellationToken);
        if (outcome is AddOutcome.Added added)
        {
            RingQueueToo(added.Deployment.Id);
        }

        return (record, outcome as AddOutcome.QueueFull);
    }

    public Task<Delivery?> RecordAsync(
        NewHookDelivery delivery, DecisionWord decision, string reason, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            db => FindKnown(db, delivery)
                ?? (HasHook(db, delivery.Hook) ? Record(db, delivery, decision, reason, null) : null),
            cancellationToken);

    public Task<IReadOnlyList<long>> ListLiveAsync(
        string hook, RepositoryIdentity repository, string branch, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<long>>(db => ListLive(db, hook, repository, branch), cancellationToken);

    private (Delivery? Record, AddOutcome? Outcome) Start(
        SqliteSession db, NewHookDelivery delivery, string reason, NewDeployment deployment, string options)
    {
        if (FindKnown(db, delivery) is { } known)
        {
            return (known, null);
        }

        if (!HasHook(db, delivery.Hook))
        {
            return (null, null);
        }

        var outcome = Add(db, deployment, options);
        if (outcome is not AddOutcome.Added added)
        {
            return (null, outcome);
        }

        InsertStart(db, delivery.Hook, added.Deployment.Id);
        return (Record(db, delivery, DecisionWord.Started, reason, added.Deployment.Id), outcome);
    }

    private static Delivery? FindKnown(SqliteSession db, NewHookDelivery delivery) =>
        delivery.ForgeId is { } forgeId ? FindDelivery(db, delivery.Hook, forgeId) : null;

    // It may have been deleted while its delivery was read.
    private static bool HasHook(SqliteSession db, string name) => db.One(
        """
        SELECT 1
        FROM hook
        WHERE name = $name
        """,
        row => row.Flag(),
        ("$name", name));

    private Delivery? Record(
        SqliteSession db, NewHookDelivery delivery, DecisionWord decision, string reason, long? deploymentId) => db.One(
        $"""
        INSERT INTO delivery (hook, forge_id, event, part, redelivery_of, at_ms, decision, reason, deployment_id, body)
        VALUES ($hook, $forge_id, $event, $part, $redelivery_of, $now, $decision, $reason, $deployment, $body)
        RETURNING {HookDeliveryColumns}
        """,
        ReadHookDelivery,
        ("$hook", delivery.Hook), ("$forge_id", delivery.ForgeId), ("$event", delivery.Event), ("$part", delivery.Part),
        ("$redelivery_of", delivery.RedeliveryOf), ("$now", Now), ("$reason", reason),
        ("$decision", decision.ToString().ToLowerInvariant()), ("$deployment", deploymentId),
        ("$body", delivery.Body.Length > MaxKeptBody ? null : delivery.Body));

    private static int InsertStart(SqliteSession db, string hook, long deploymentId) => db.Execute(
        """
        INSERT INTO hook_start (deployment_id, hook)
        VALUES ($id, $hook)
        """,
        ("$id", deploymentId), ("$hook", hook));

    private static List<Delivery> ListHookDeliveries(SqliteSession db, string hook) => db.All(
        $"""
        SELECT {HookDeliveryColumns}
        FROM delivery
        WHERE hook = $hook
        ORDER BY id DESC
        """,
        ReadHookDelivery,
        ("$hook", hook));

    private static Delivery? FindDelivery(SqliteSession db, string hook, string forgeId) => db.One(
        $"""
        SELECT {HookDeliveryColumns}
        FROM delivery
        WHERE hook = $hook
            AND forge_id = $forge_id
        """,
        ReadHookDelivery,
        ("$hook", hook), ("$forge_id", forgeId));

    private static Delivery ReadHookDelivery(Row row) => new(
        row.Long(), row.TextOrNull(), row.Text(), row.Time(), row.Word<DecisionWord>(), row.Text(), row.LongOrNull(),
        row.LongOrNull());

    private static NewHookDelivery? ReadHookDelivery(SqliteSession db, string hook, long id) => db.One(
        """
        SELECT event, part, body
        FROM delivery
        WHERE hook = $hook
            AND id = $id
        """,
        row =>
        {
            var (name, part) = (row.Text(), row.Int());
            return new NewHookDelivery(hook, null, name, row.BytesOrNull() ?? []) { Part = part, RedeliveryOf = id };
        },
        ("$hook", hook), ("$id", id));

    private static List<long> ListLive(
        SqliteSession db, string hook, RepositoryIdentity repository, string branch) => db.All(
        """
        SELECT d.id
        FROM hook_start s
        JOIN deployment d ON d.id = s.deployment_id
        WHERE s.hook = $hook
            AND d.identity = $identity
            AND d.branch = $branch
            AND d.ended_at_ms IS NULL
        ORDER BY d.id
        """,
        row => row.Long(),
        ("$hook", hook), ("$identity", repository.Text), ("$branch", branch));
}
