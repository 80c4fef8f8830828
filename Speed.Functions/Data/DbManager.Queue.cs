using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a deployment enters the queue, and how a worker takes it out.</summary>
public sealed partial class DbManager
{
    private static readonly TimeSpan KeysKept = TimeSpan.FromHours(24);

    public async Task<AddOutcome> AddAsync(NewDeployment deployment, CancellationToken cancellationToken)
    {
        var options = CanonicalJson.Of(deployment.Options);
        var outcome = await _database.WriteAsync(db => Add(db, deployment, options), cancellationToken);
        if (outcome is AddOutcome.Added added)
        {
            RingQueueToo(added.Deployment.Id);
        }

        return outcome;
    }

    public async Task<Deployment?> ClaimNextAsync(string owner, SlotShare? share, CancellationToken cancellationToken)
    {
        var claimed = await _database.WriteAsync(db => ClaimNext(db, owner, share), cancellationToken);
        if (claimed is not null)
        {
            RingQueueToo(claimed.Id);
        }

        return claimed;
    }

    private AddOutcome Add(SqliteSession db, NewDeployment deployment, string options)
    {
        if (deployment.IdempotencyKey is { } key)
        {
            ForgetOldKeys(db);
            if (FindKey(db, key) is { } earlier)
            {
                return IsSameWish(CanonicalJson.Parse(earlier.Options), deployment.Options)
                    ? new AddOutcome.Replayed(Find(db, earlier.DeploymentId)!)
                    : new AddOutcome.KeyReused();
            }
        }

        if (deployment.RetryOf is { } original && FindUnfinishedRetry(db, original) is { } underWay)
        {
            return new AddOutcome.Replayed(underWay);
        }

        if (QueueLength(db) >= deployment.MaxQueued)
        {
            return new AddOutcome.QueueFull(OfCaller: false);
        }

        if (QueueLengthOf(db, deployment.DeployedBy) >= deployment.MaxQueuedOfCaller)
        {
            return new AddOutcome.QueueFull(OfCaller: true);
        }

        var id = Insert(db, deployment, options);
        if (deployment.IdempotencyKey is not null)
        {
            InsertKey(db, deployment.IdempotencyKey, options, id);
        }

        return new AddOutcome.Added(Find(db, id)!);
    }

    // However the repository is spelled. A wish of before did not say what it left out: there that does not count, and a
    // `restart` that nobody gave was `no`.
    private static bool IsSameWish(DeploymentOptions earlier, DeploymentOptions now) =>
        RepositoryIdentity.Of(earlier.Url) == RepositoryIdentity.Of(now.Url)
        && CanonicalJson.Of(earlier with { Url = now.Url })
            == CanonicalJson.Of((earlier.Inherit is null ? now with { Inherit = null, Given = [] } : now) with
            {
                Restart = now.Restart ?? (earlier.Restart == RestartRule.No ? RestartRule.No : null),
            });

    private long Insert(SqliteSession db, NewDeployment deployment, string options)
    {
        var (now, timeouts) = (Now, deployment.Options.Timeouts);
        return db.One(
            """
            INSERT INTO deployment
                (worker_id, options, identity, repos, name, branch, retry_of, deployed_by, created_at_ms, deadline_at_ms,
                    due_at_ms)
            VALUES ($worker, $options, $identity, $repos, $name, $options ->> 'branch', $retry_of, $by, $now, $deadline, $due)
            RETURNING id
            """,
            row => row.Long(),
            ("$worker", Guid.NewGuid().ToString()),
            ("$options", options),
            ("$identity", RepositoryIdentity.Of(deployment.Options.Url).Text),
            ("$repos", JsonOrNull(deployment.Repos)),
            ("$name", deployment.Options.Name),
            ("$retry_of", deployment.RetryOf),
            ("$by", deployment.DeployedBy),
            ("$now", now),
            ("$deadline", now + (long?)deployment.Options.Total?.TotalMilliseconds),
            ("$due", DueAfter(Steady, timeouts.QueueSeconds)));
    }

    private static Deployment? FindUnfinishedRetry(SqliteSession db, long original) => db.One(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.retry_of = $original
            AND d.ended_at_ms IS NULL
        """,
        ReadDeployment,
        ("$original", original));

    private static long? DueAfter(long now, int seconds) => seconds == 0 ? null : now + (seconds * 1000L);

    private static long QueueLength(SqliteSession db) => db.One(
        """
        SELECT length
        FROM queue
        """,
        row => row.Long());

    private static long QueueLengthOf(SqliteSession db, string caller) => db.One(
        """
        SELECT length
        FROM caller_queue
        WHERE caller = $caller
        """,
        row => row.Long(),
        ("$caller", caller));

    private static (string Options, long DeploymentId)? FindKey(SqliteSession db, string key) =>
        db.One<(string, long)?>(
            """
            SELECT options, deployment_id
            FROM idempotency
            WHERE key = $key
            """,
            row => (row.Text(), row.Long()),
            ("$key", key));

    private void InsertKey(SqliteSession db, string key, string options, long id) => db.Execute(
        """
        INSERT INTO idempotency (key, options, deployment_id, created_at_ms)
        VALUES ($key, $options, $id, $now)
        """,
        ("$key", key), ("$options", options), ("$id", id), ("$now", Now));

    private void ForgetOldKeys(SqliteSession db) => db.Execute(
        """
        DELETE FROM idempotency
        WHERE created_at_ms <= $before
        """,
        ("$before", Now - (long)KeysKept.TotalMilliseconds));

    private Deployment? ClaimNext(SqliteSession db, string owner, SlotShare? share)
    {
        if ((share is null ? FindOldest(db) : FindOldest(db, share)) is not { } id || !Take(db, id, owner))
        {
            return null;
        }

        BeginPhase(db, id, DeploymentPhase.Clone);
        return Find(db, id);
    }

    // Who is past the queue time is left for whoever settles it, or it would still run after its deadline.
    private long? FindOldest(SqliteSession db) => db.One<long?>(
        """
        SELECT id
        FROM deployment
        WHERE status = 'Pending'
            AND log_closed_at_ms IS NULL
            AND (due_at_ms IS NULL OR due_at_ms > $steady)
        ORDER BY id
        LIMIT 1
        """,
        row => row.Long(),
        ("$steady", Steady));

    // The oldest of each caller, and of those the oldest: however many of one who has to wait are in front.
    private long? FindOldest(SqliteSession db, SlotShare share) => db.One(
        """
        WITH served AS MATERIALIZED (
            SELECT d.deployed_by AS caller
            FROM json_each($holders) holder
            JOIN deployment d ON d.id = holder.value
            WHERE d.deployed_by <> ''
            GROUP BY d.deployed_by
            HAVING count(*) >= $most
        )
        SELECT min((
            SELECT d.id
            FROM deployment d
            WHERE d.deployed_by = c.caller
                AND d.status = 'Pending'
                AND d.log_closed_at_ms IS NULL
                AND (d.due_at_ms IS NULL OR d.due_at_ms > $steady)
            ORDER BY d.id
            LIMIT 1))
        FROM caller_queue c
        WHERE c.caller NOT IN (SELECT caller FROM served)
        """,
        row => row.LongOrNull(),
        ("$holders", JsonSerializer.Serialize(share.Holders)), ("$most", share.Most), ("$steady", Steady));

    // Under the one writer, in the transaction that found it: no two workers can take the same row.
    private bool Take(SqliteSession db, long id, string owner) => db.Execute(
        """
        UPDATE deployment
        SET status = 'Running', phase = 'clone', owner = $owner, attempt = 1, epoch = epoch + 1,
            version = version + 1, started_at_ms = $now, due_at_ms = NULL
        WHERE id = $id AND status = 'Pending'
        """,
        ("$owner", owner), ("$now", Now), ("$id", id)) > 0;
}
