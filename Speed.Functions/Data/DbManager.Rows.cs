using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>How a deployment's row becomes a <see cref="Deployment"/>.</summary>
public sealed partial class DbManager
{
    // The phases come along in the same statement: row and phases are of one moment without a transaction.
    private const string Columns = """
        d.id, d.worker_id, d.options, d.taken_over, d.status, d.phase, d.version, d.attempt, d.epoch, d.run_by,
        d.branch, d.commit_id, d.image_id, d.start_asked_at_ms, d.exit_code,
        d.failure_code, d.failure_phase, d.failure_exit_code, d.failure_message, d.failure_hint, d.failure_log_line,
        d.cancel_by, d.cancel_reason, d.cancel_requested_at_ms, d.cancel_confirmed_at_ms,
        d.created_at_ms, d.started_at_ms, d.ended_at_ms, d.deadline_at_ms, d.log_closed_at_ms, d.retry_of,
        d.kind, d.endpoints, d.up_at_ms, d.first_up_at_ms, d.superseded_by, d.yields_to, d.restarts,
        d.identity, d.repos, d.own_hosts, d.brief_host,
        d.unhealthy, d.restarting ->> 'try', d.proxy_port,
        (SELECT json_group_array(json_array(p.name, p.attempt, p.started_at_ms, p.ended_at_ms, p.status) ORDER BY p.seq)
         FROM phase p
         WHERE p.deployment_id = d.id)
        """;

    private static readonly Dictionary<string, FailureCode> Codes =
        Enum.GetValues<FailureCode>().ToDictionary(code => code.Wire);

    public Task<Deployment?> FindAsync(long id, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => Find(db, id), cancellationToken);

    private static Deployment? Find(SqliteSession db, long id) => db.One(
        $"""
        SELECT {Columns}
        FROM deployment d
        WHERE d.id = $id
        """,
        ReadDeployment,
        ("$id", id));

    private static Deployment ReadDeployment(Row row)
    {
        var (id, workerId) = (row.Long(), Guid.Parse(row.Text()));
        var (asked, taken) = (CanonicalJson.Parse(row.Text()), CanonicalJson.ParseTakenOver(row.TextOrNull()));
        return new Deployment
        {
            Id = id,
            WorkerId = workerId,
            Options = taken?.ApplyTo(asked) ?? asked,
            Asked = asked,
            TakenOver = taken,
            Status = row.Word<DeploymentStatus>(),
            Phase = row.WordOrNull<DeploymentPhase>(),
            Version = row.Long(),
            Attempt = row.Int(),
            Epoch = row.Long(),
            RunBy = row.Word<RunBy>(),
            Branch = row.TextOrNull(),
            Commit = row.TextOrNull(),
            ImageId = row.TextOrNull(),
            StartAskedAt = row.TimeOrNull(),
            ExitCode = row.IntOrNull(),
            Failure = ReadFailure(row),
            Cancel = ReadCancellation(row),
            CreatedAt = row.Time(),
            StartedAt = row.TimeOrNull(),
            EndedAt = row.TimeOrNull(),
            DeadlineAt = row.TimeOrNull(),
            LogClosedAt = row.TimeOrNull(),
            RetryOf = row.LongOrNull(),
            Kind = row.WordOrNull<DeploymentKind>(),
            Endpoints = CanonicalJson.ParseEndpoints(row.Text()),
            UpAt = row.TimeOrNull(),
            FirstUpAt = row.TimeOrNull(),
            SupersededBy = row.LongOrNull(),
            YieldsTo = row.LongOrNull(),
            Restarts = row.Int(),
            Identity = RepositoryIdentity.Parse(row.Text()),
            Repos = TextsOrNull(row.TextOrNull()),
            OwnHosts = Texts(row.Text()),
            BriefHost = row.TextOrNull(),
            Unhealthy = row.TextOrNull(),
            NextTry = row.IntOrNull(),
            ProxyPort = row.IntOrNull(),
            Phases = ReadPhases(row.Text()),
        };
    }

    private static Failure? ReadFailure(Row row)
    {
        var (code, phase, exitCode) = (row.TextOrNull(), row.WordOrNull<DeploymentPhase>(), row.IntOrNull());
        var (message, hint, logLine) = (row.TextOrNull(), row.TextOrNull(), row.LongOrNull());
        return code is null ? null : new Failure(Codes[code], phase, exitCode, message!, hint, logLine);
    }

    private static Cancellation? ReadCancellation(Row row)
    {
        var (by, reason) = (row.TextOrNull(), row.TextOrNull());
        var (requestedAt, confirmedAt) = (row.TimeOrNull(), row.TimeOrNull());
        return by is null ? null : new Cancellation(by, reason, requestedAt!.Value, confirmedAt);
    }

    private static PhaseRecord[] ReadPhases(string json)
    {
        using var phases = JsonDocument.Parse(json);
        return [.. phases.RootElement.EnumerateArray().Select(phase => new PhaseRecord(
            Enum.Parse<DeploymentPhase>(phase[0].GetString()!, ignoreCase: true),
            phase[1].GetInt32(),
            DateTimeOffset.FromUnixTimeMilliseconds(phase[2].GetInt64()),
            phase[3].ValueKind == JsonValueKind.Null
                ? null
                : DateTimeOffset.FromUnixTimeMilliseconds(phase[3].GetInt64()),
            phase[4].GetString()!))];
    }

    private static string Word(DeploymentStatus status) => status.ToString();

    private static string Word(DeploymentPhase phase) => phase.ToString().ToLowerInvariant();

    private static string Word(ResultSource source) => source.ToString().ToLowerInvariant();
}
