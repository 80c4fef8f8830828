using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Whose turn it is among services of one like, and on a port of the host.</summary>
public sealed partial class DbManager
{
    private const string IsOnOneOf = """
        EXISTS (
            SELECT 1
            FROM json_each(d.endpoints) published
            WHERE published.value ->> 'host' IN (SELECT value FROM json_each($ports)))
        """;

    public async Task<IReadOnlyList<long>?> AskToYieldAsync(
        Claim claim, IReadOnlyList<int> hostPorts, CancellationToken cancellationToken)
    {
        var yielding = await _database.WriteAsync(
            db => IsNewestToRun(db, claim, hostPorts) ? AskToYield(db, claim, hostPorts) : null, cancellationToken);
        foreach (var id in yielding ?? [claim.Id])
        {
            Ring(id);
        }

        return yielding;
    }

    // Where it is not, the record says why, for whoever watches it.
    private static bool IsNewestToRun(SqliteSession db, Claim claim, IReadOnlyList<int> hostPorts)
    {
        if (FindNewerUp(db, claim.Id) is { } newer)
        {
            SetSuperseded(db, claim, newer);
            return false;
        }

        if (FindNewerOn(db, claim.Id, hostPorts) is { } rival)
        {
            SetYields(db, claim, rival);
            return false;
        }

        return Find(db, claim.Id)?.Claim == claim;
    }

    private static long? FindNewerOn(SqliteSession db, long id, IReadOnlyList<int> hostPorts) => db.One<long?>(
        $"""
        SELECT min(d.id)
        FROM deployment d, deployment me
        WHERE me.id = $id
            AND {SameService}
            AND d.id > me.id
            AND d.status = 'Running'
            AND d.phase = 'run'
            AND d.superseded_by IS NULL
            AND d.cancel_requested_at_ms IS NULL
            AND {IsOnOneOf}
        """,
        row => row.LongOrNull(),
        ("$ports", JsonSerializer.Serialize(hostPorts)), ("$id", id));

    private static bool SetYields(SqliteSession db, Claim claim, long newer) => db.Execute(
        """
        UPDATE deployment
        SET yields_to = $newer, version = version + 1
        WHERE id = $id AND status = $status AND epoch = $epoch
            AND superseded_by IS NULL
            AND cancel_requested_at_ms IS NULL
        """,
        ("$newer", newer), ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch)) > 0;

    private static List<long> AskToYield(SqliteSession db, Claim claim, IReadOnlyList<int> hostPorts) => db.All(
        $"""
        UPDATE deployment
        SET yields_to = $id, up_at_ms = NULL, version = version + 1
        WHERE id IN (
            SELECT d.id
            FROM deployment d, deployment me
            WHERE me.id = $id AND me.status = $status AND me.epoch = $epoch
                AND {SameService}
                AND d.id < me.id
                AND d.status = 'Running'
                AND d.phase = 'run'
                AND d.superseded_by IS NULL
                AND {IsOnOneOf})
        RETURNING id
        """,
        row => row.Long(),
        ("$ports", JsonSerializer.Serialize(hostPorts)),
        ("$id", claim.Id), ("$status", Word(claim.Status)), ("$epoch", claim.Epoch));
}
