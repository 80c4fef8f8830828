using System.Text;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>The results of a deployment, numbered from 1 in order of arrival.</summary>
public sealed partial class DbManager
{
    // So many, and one result more, are in memory at once for each reader.
    private const int PageCharacters = 256 * 1024;

    // What a report counts beside its own bytes: the trigger adds it up so.
    private const int BytesBesides = 64;

    public async Task<ReportOutcome> ReportAsync(
        long id, string value, long maxBytes, CancellationToken cancellationToken)
    {
        var outcome = await _database.WriteAsync(db => Report(db, id, value, maxBytes), cancellationToken);
        if (outcome == ReportOutcome.Added)
        {
            Ring(id);
        }

        return outcome;
    }

    public Task<ResultPage?> ReadResultsAsync(long id, long after, long most, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => ReadResults(db, id, after, most), cancellationToken);

    private ReportOutcome Report(SqliteSession db, long id, string value, long maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(value) + BytesBesides > maxBytes - BytesReported(db, id))
        {
            return IsThere(db, id) ? ReportOutcome.TooMuch : ReportOutcome.NotFound;
        }

        return InsertResult(db, id, new NewResult(ResultSource.Report, value), late: false)
            ? ReportOutcome.Added
            : ReportOutcome.NotFound;
    }

    private static long BytesReported(SqliteSession db, long id) => db.One(
        """
        SELECT bytes
        FROM reported
        WHERE deployment_id = $id
        """,
        row => row.Long(),
        ("$id", id));

    private static bool IsThere(SqliteSession db, long id) => db.One(
        """
        SELECT 1
        FROM deployment
        WHERE id = $id
        """,
        row => row.Flag(),
        ("$id", id));

    private bool InsertResult(SqliteSession db, long id, NewResult result, bool late) => db.Execute(
        """
        INSERT INTO result (deployment_id, seq, at_ms, source, value, late)
        SELECT d.id,
            (SELECT coalesce(max(r.seq), 0) + 1 FROM result r WHERE r.deployment_id = d.id),
            $now, $source, $value, $late
        FROM deployment d
        WHERE d.id = $id
        """,
        ("$now", Now), ("$source", Word(result.Source)), ("$value", result.Value), ("$late", late), ("$id", id)) > 0;

    private static ResultPage? ReadResults(SqliteSession db, long id, long after, long most)
    {
        var last = db.One<long?>(
            """
            SELECT coalesce((SELECT max(r.seq) FROM result r WHERE r.deployment_id = d.id), 0)
            FROM deployment d
            WHERE d.id = $id
            """,
            row => row.Long(),
            ("$id", id));
        return last is null ? null : new ResultPage(ReadPage(db, id, after, most), last.Value);
    }

    private static List<DeploymentResult> ReadPage(SqliteSession db, long id, long after, long most)
    {
        var (page, characters) = (new List<DeploymentResult>(), 0);
        db.Each(
            """
            SELECT seq, at_ms, source, value, late
            FROM result
            WHERE deployment_id = $id
                AND seq > $after
            ORDER BY seq
            LIMIT $most
            """,
            row =>
            {
                page.Add(new DeploymentResult(row.Long(), row.Time(), row.Word<ResultSource>(), row.Text(), row.Flag()));
                characters += page[^1].Value.Length;
                return characters < PageCharacters;
            },
            ("$id", id), ("$after", after), ("$most", most));
        return page;
    }
}
