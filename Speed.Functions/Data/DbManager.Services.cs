using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Services: which is up, which takes whose place.</summary>
public sealed partial class DbManager : IServiceStore
{
    // The others of one's like. What was up as two services before repositories had identities stays so.
    private const string SameService = """
        d.kind = 'service'
            AND d.identity = me.identity
            AND d.branch = me.branch
            AND d.options ->> 'subdirectory' = me.options ->> 'subdirectory'
            AND d.name = me.name
            AND (d.address_of_before IS NULL OR me.address_of_before IS NULL
                OR d.address_of_before = me.address_of_before)
        """;

    public Task<bool> RecordKindAsync(
        Claim claim, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => RecordKind(db, claim, kind, endpoints), cancellationToken);

    public Task<IReadOnlyList<PublishedPort>> FindKeptEndpointsAsync(long id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindKeptEndpoints(db, id), cancellationToken);

    public Task<bool> RecordProxyPortAsync(Claim claim, int port, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => SetProxyPort(db, claim, port), cancellationToken);

    public async Task<UpOutcome> BecomeUpAsync(Claim claim, CancellationToken cancellationToken)
    {
        var (outcome, replaced) = await _database.WriteAsync(db => BecomeUp(db, claim), cancellationToken);
        if (outcome != UpOutcome.Stale)
        {
            Ring(claim.Id);
        }

        foreach (var id in replaced)
        {
            Ring(id);
        }

        return outcome;
    }

    public Task<IReadOnlyList<Deployment>> ListReplacedAsync(long id, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Deployment>>(db => ListReplaced(db, id), cancellationToken);

    public async Task<Deployment?> BeginRunAnewAsync(Claim claim, int restarts, CancellationToken cancellationToken)
    {
        var begun = await _database.WriteAsync(db => BeginRunAnew(db, claim, restarts), cancellationToken);
        if (begun is not null)
        {
            Ring(claim.Id);
        }

        return begun;
    }

    public Task<bool> GoDownAsync(Claim claim, Restarting restarting, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => SetDown(db, claim, restarting), cancellationToken);

    public Task<bool> RecordHealthAsync(Claim claim, string? unhealthy, CancellationToken cancellationToken) =>
        ChangeAsync(claim.Id, db => SetHealth(db, claim, unhealthy), cancellationToken);

    public Task<IReadOnlyList<Deployment>> ListServicesAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListServices, cancellationToken);

    public Task<long?> FindEldestAsync(
        IReadOnlyList<long> ids, string? host, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindEldest(db, ids, host), cancellationToken);

    private static bool RecordKind(
        SqliteSession db, Claim claim, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints) =>
        SetKind(db, claim, kind, endpoints) && (kind != DeploymentKind.Service || GiveHosts(db, claim.Id));

    private static bool SetKind(
        SqliteSession db, Claim claim, DeploymentKind kind, IReadOnlyList<PublishedPort> endpoints) => db.Execute(
        """
        UPDATE deployment
        SET kind = $kind, endpoints = $endpoints, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase IS NOT NULL
        """,
        ("$kind", kind.ToString().ToLowerInvariant()), ("$endpoints", CanonicalJson.Of(endpoints)),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static bool SetProxyPort(SqliteSession db, Claim claim, int port) => db.Execute(
        """
        UPDATE deployment
        SET proxy_port = coalesce(proxy_port, $port), version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND kind = 'service'
        """,
        ("$port", port), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static IReadOnlyList<PublishedPort> FindKeptEndpoints(SqliteSession db, long id) => db.One(
        $"""
        SELECT d.endpoints
        FROM deployment d, deployment me
        WHERE me.id = $id
            AND {SameService}
            AND d.id < me.id
            AND d.endpoints <> '[]'
        ORDER BY d.id DESC
        LIMIT 1
        """,
        row => CanonicalJson.ParseEndpoints(row.Text()),
        ("$id", id)) ?? [];

    private (UpOutcome Outcome, IReadOnlyList<long> Replaced) BecomeUp(SqliteSession db, Claim claim)
    {
        if (FindNewerUp(db, claim.Id) is { } newer)
        {
            return (SetSuperseded(db, claim, newer) ? UpOutcome.Superseded : UpOutcome.Stale, []);
        }

        return SetUp(db, claim) ? (UpOutcome.Up, SupersedeOlder(db, claim.Id)) : (UpOutcome.Stale, []);
    }

    private static long? FindNewerUp(SqliteSession db, long id) => db.One<long?>(
        $"""
        SELECT max(d.id)
        FROM deployment d, deployment me
        WHERE me.id = $id
            AND {SameService}
            AND d.id > me.id
            AND d.status = 'Running'
            AND d.up_at_ms IS NOT NULL
        """,
        row => row.LongOrNull(),
        ("$id", id));

    private static bool SetSuperseded(SqliteSession db, Claim claim, long newer) => db.Execute(
        """
        UPDATE deployment
        SET superseded_by = $newer, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND superseded_by IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$newer", newer), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private bool SetUp(SqliteSession db, Claim claim) => db.Execute(
        """
        UPDATE deployment
        SET up_at_ms = $now, first_up_at_ms = coalesce(first_up_at_ms, $now), version = version + 1,
            unhealthy = NULL, health_at_ms = $now, restarting = NULL
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND phase = 'run'
            AND up_at_ms IS NULL
            AND superseded_by IS NULL
            AND yields_to IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$now", Now), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static List<long> SupersedeOlder(SqliteSession db, long id) => db.All(
        $"""
        UPDATE deployment
        SET superseded_by = $id, version = version + 1
        WHERE id IN (
            SELECT d.id
            FROM deployment d, deployment me
            WHERE me.id = $id
                AND {SameService}
                AND d.id < me.id
                AND d.status = 'Running'
                AND d.phase = 'run'
                AND d.superseded_by IS NULL
                AND d.cancel_requested_at_ms IS NULL)
        RETURNING id
        """,
        row => row.Long(),
        ("$id", id));

    private static List<Deployment> ListReplaced(SqliteSession db, long id) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d, deployment me
        WHERE me.id = $id
            AND {SameService}
            AND d.superseded_by = me.id
        ORDER BY d.id
        """,
        ReadDeployment,
        ("$id", id));

    private Deployment? BeginRunAnew(SqliteSession db, Claim claim, int restarts)
    {
        if (!SetAttempt(db, claim, restarts))
        {
            return null;
        }

        EndPhase(db, claim.Id, "failed");
        BeginPhase(db, claim.Id, DeploymentPhase.Run);
        return Find(db, claim.Id);
    }

    private static bool SetAttempt(SqliteSession db, Claim claim, int restarts) => db.Execute(
        """
        UPDATE deployment
        SET attempt = attempt + 1, start_asked_at_ms = NULL, up_at_ms = NULL, restarts = $restarts,
            restarting = NULL, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND kind = 'service'
            AND phase = 'run'
            AND superseded_by IS NULL
            AND yields_to IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$restarts", restarts), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private bool SetDown(SqliteSession db, Claim claim, Restarting restarting) => db.Execute(
        """
        UPDATE deployment
        SET up_at_ms = NULL, restarting = coalesce(restarting, $restarting), down_at_ms = $now, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND superseded_by IS NULL
            AND yields_to IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$restarting", JsonSerializer.Serialize(restarting, DeploymentOptions.Json)), ("$now", Now),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private bool SetHealth(SqliteSession db, Claim claim, string? unhealthy) => db.Execute(
        """
        UPDATE deployment
        SET unhealthy = $unhealthy, health_at_ms = $now
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND up_at_ms IS NOT NULL
            AND superseded_by IS NULL
            AND yields_to IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$unhealthy", unhealthy), ("$now", Now),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static IReadOnlyList<Deployment> ListServices(SqliteSession db) => db.All(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.id IN (
            SELECT id
            FROM (
                SELECT id, row_number() OVER (
                    PARTITION BY identity, branch, options ->> 'subdirectory', name, address_of_before
                    ORDER BY up_at_ms IS NULL, id DESC) AS place
                FROM deployment
                WHERE first_up_at_ms IS NOT NULL
                    AND ended_at_ms IS NULL
                    AND superseded_by IS NULL)
            WHERE place = 1)
        ORDER BY d.id
        """,
        ReadDeployment);

    private static long? FindEldest(SqliteSession db, IReadOnlyList<long> ids, string? host) => db.One<long?>(
        $"""
        SELECT me.id
        FROM deployment d, deployment me
        WHERE me.id IN (SELECT value FROM json_each($ids))
            AND {SameService}
            AND d.first_up_at_ms IS NOT NULL
            AND ($host IS NULL OR EXISTS (
                SELECT 1
                FROM json_each(d.effective, '$.hosts') named
                WHERE named.value = $host))
        ORDER BY d.first_up_at_ms, d.id
        LIMIT 1
        """,
        row => row.LongOrNull(),
        ("$ids", JsonSerializer.Serialize(ids)), ("$host", host));
}
