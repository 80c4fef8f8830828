using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: the schema itself holds the lifecycle, whatever a statement of ours says.</summary>
public sealed class SqliteSchemaTests : IDisposable
{
    private const int ConstraintCheck = 275;
    private const int ConstraintTrigger = 1811;

    private readonly TempFolder _folder = new();
    private readonly SqliteStores _stores;

    public SqliteSchemaTests() => _stores = new SqliteStores(
        new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);

    public static TheoryData<DeploymentStatus, DeploymentStatus> EveryPair =>
        [.. Enum.GetValues<DeploymentStatus>().SelectMany(_ => Enum.GetValues<DeploymentStatus>(), (a, b) => (a, b))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public async Task Only_the_arrows_of_the_lifecycle_can_be_followed(DeploymentStatus from, DeploymentStatus to)
    {
        await BringToAsync(from, logClosed: false);

        var fault = await TryAsync(Move(to));

        if (from == to || from.CanBecome(to))
        {
            Assert.Null(fault);
            Assert.Equal(to.ToString(), await ReadAsync("SELECT status FROM deployment"));
        }
        else
        {
            Assert.Equal(ConstraintTrigger, fault?.SqliteExtendedErrorCode);
            Assert.Equal(from.ToString(), await ReadAsync("SELECT status FROM deployment"));
        }
    }

    [Theory]
    [InlineData(DeploymentStatus.Running)]
    [InlineData(DeploymentStatus.Succeeded)]
    [InlineData(DeploymentStatus.Failed)]
    public async Task A_deployment_cannot_begin_but_as_pending(DeploymentStatus status)
    {
        var fault = await TryAsync(
            $"""
            INSERT INTO deployment (worker_id, options, status, created_at_ms)
            VALUES ('{Guid.NewGuid()}', '{"{}"}', '{status}', 1)
            """);

        Assert.Equal(ConstraintTrigger, fault?.SqliteExtendedErrorCode);
    }

    [Theory]
    [InlineData("status = 'Succeeded', phase = NULL, ended_at_ms = 3")]
    [InlineData("status = 'Failed', phase = NULL, ended_at_ms = 3, failure_code = 'INTERNAL', failure_message = 'm'")]
    public async Task Once_a_cancel_was_requested_nothing_else_follows(string end)
    {
        await BringToAsync(DeploymentStatus.Running, logClosed: false);
        Assert.Null(await TryAsync(
            "UPDATE deployment SET cancel_by = 'api', cancel_requested_at_ms = 2, version = version + 1"));

        var fault = await TryAsync($"UPDATE deployment SET {end}, version = version + 1");
        Assert.Equal(ConstraintCheck, fault?.SqliteExtendedErrorCode);

        fault = await TryAsync(
            $"UPDATE deployment SET {end}, version = version + 1, cancel_by = NULL, cancel_requested_at_ms = NULL");
        Assert.Equal(ConstraintTrigger, fault?.SqliteExtendedErrorCode);
    }

    [Theory]
    [InlineData("exit_code = 1")]
    [InlineData("failure_message = 'another'")]
    [InlineData("ended_at_ms = 99")]
    [InlineData("commit_id = '0123456789abcdef0123456789abcdef01234567'")]
    [InlineData("run_by = 'leader', attempt = 0, owner = NULL")]
    public async Task An_ended_deployment_does_not_change(string change)
    {
        await BringToAsync(DeploymentStatus.Failed, logClosed: false);

        Assert.NotNull(await TryAsync($"UPDATE deployment SET {change}, version = version + 1"));
        Assert.Null(await TryAsync("UPDATE deployment SET owner = 'w2', epoch = epoch + 1"));
        Assert.Null(await TryAsync("UPDATE deployment SET log_closed_at_ms = 4, version = version + 1"));
        Assert.NotNull(await TryAsync("UPDATE deployment SET owner = 'w3', epoch = epoch + 1"));
    }

    [Theory]
    [InlineData("UPDATE deployment SET phase = 'build'")]
    [InlineData("UPDATE deployment SET phase = 'build', version = version - 1")]
    [InlineData("UPDATE deployment SET epoch = epoch - 1")]
    [InlineData("UPDATE deployment SET attempt = attempt - 1, version = version + 1")]
    [InlineData("UPDATE deployment SET start_asked_at_ms = 9")]
    [InlineData("UPDATE deployment SET start_asked_at_ms = NULL")]
    [InlineData("UPDATE deployment SET worker_id = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'")]
    [InlineData("UPDATE deployment SET options = '[]'")]
    [InlineData("UPDATE deployment SET repos = '[\"*\"]'")]
    [InlineData("UPDATE deployment SET retry_of = 0")]
    [InlineData("DELETE FROM deployment")]
    [InlineData("UPDATE history SET status = 'Failed'")]
    [InlineData("UPDATE result SET value = 'other'")]
    [InlineData("DELETE FROM result")]
    [InlineData("INSERT INTO result (deployment_id, seq, at_ms, source, value, late) SELECT 1, 3, 1, 'speed', 'x', 0")]
    public async Task What_stands_cannot_be_rewritten(string sql)
    {
        await BringToAsync(DeploymentStatus.Running, logClosed: false);
        Assert.Null(await TryAsync("UPDATE deployment SET start_asked_at_ms = 2"));
        await _stores.Deployments.ReportAsync(1, "r", Token);

        Assert.Equal(ConstraintTrigger, (await TryAsync(sql))?.SqliteExtendedErrorCode);
    }

    [Theory]
    [InlineData("UPDATE delivery SET reason = 'other'", ConstraintTrigger)]
    [InlineData("UPDATE delivery SET body = x'7b7d'", ConstraintTrigger)]
    [InlineData("UPDATE delivery SET body = NULL", null)]
    [InlineData("INSERT INTO delivery (hook, event, part, at_ms, decision, reason) VALUES ('app', '', 0, 1, 'started', 'x')", ConstraintCheck)]
    [InlineData("INSERT INTO delivery (hook, event, part, at_ms, decision, reason, redelivery_of) VALUES ('app', '', 0, 1, 'ignored', 'x', 9)", ConstraintCheck)]
    [InlineData("INSERT INTO delivery (hook, event, part, at_ms, decision, reason, deployment_id) VALUES ('app', '', 0, 1, 'canceled', 'x', 1)", ConstraintCheck)]
    [InlineData("INSERT INTO delivery (hook, event, part, at_ms, decision, reason) VALUES ('app', '', 0, 1, 'canceled', 'x')", null)]
    [InlineData("UPDATE hook SET branches = '[]'", ConstraintCheck)]
    [InlineData("UPDATE hook SET repos = '{}'", ConstraintCheck)]
    public async Task Of_a_delivery_nothing_changes_but_that_its_body_goes(string sql, int? fault)
    {
        await BringToAsync(DeploymentStatus.Running, logClosed: false);
        await AddHookAsync();

        Assert.Equal(fault, (await TryAsync(sql))?.SqliteExtendedErrorCode);
    }

    [Fact]
    public async Task What_a_hook_started_is_known_until_it_has_ended_or_the_hook_is_gone()
    {
        await BringToAsync(DeploymentStatus.Running, logClosed: false);
        await AddHookAsync();

        Assert.Null(await TryAsync("DELETE FROM hook"));
        Assert.Equal("0", await ReadAsync("SELECT count(*) FROM hook_start"));
        Assert.Equal("0", await ReadAsync("SELECT count(*) FROM delivery"));
        await AddHookAsync();
        Assert.Null(await TryAsync(Move(DeploymentStatus.Succeeded)));

        Assert.Equal("0", await ReadAsync("SELECT count(*) FROM hook_start"));
        Assert.Equal("1", await ReadAsync("SELECT count(*) FROM delivery"));
    }

    [Fact]
    public async Task Every_status_goes_down_in_history()
    {
        await _stores.Deployments.AddAsync(new NewDeployment(SomeOptions.Of(), null, 500), Token);

        await _stores.Deployments.DeclareAsync(1, DeploymentStatus.Succeeded, Token);

        Assert.Equal(
            "Pending,Running,Succeeded",
            await ReadAsync("SELECT group_concat(status ORDER BY seq) FROM history WHERE deployment_id = 1"));
    }

    [Fact]
    public async Task An_id_is_never_used_again_and_a_deleted_deployment_takes_its_own_along()
    {
        await BringToAsync(DeploymentStatus.Failed, logClosed: true);
        await _stores.Deployments.ReportAsync(1, "r", Token);

        Assert.Null(await TryAsync("DELETE FROM deployment"));
        await BringToAsync(DeploymentStatus.Pending, logClosed: false);

        Assert.Equal("2", await ReadAsync("SELECT id FROM deployment"));
        Assert.Equal("0", await ReadAsync("SELECT count(*) FROM result"));
    }

    [Theory]
    [InlineData("SELECT id FROM deployment WHERE status = 'Pending' AND log_closed_at_ms IS NULL ORDER BY id LIMIT 1")]
    [InlineData("SELECT id FROM deployment WHERE due_at_ms <= 5 ORDER BY due_at_ms, id")]
    [InlineData("SELECT min(due_at_ms) FROM deployment WHERE due_at_ms IS NOT NULL")]
    public async Task The_queue_is_read_from_its_index_in_order(string sql)
    {
        var plan = await PlanAsync(sql);

        Assert.Contains("INDEX deployment_", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INDEXED BY deployment_listed WHERE d.id < 9", "COVERING INDEX deployment_listed (id<?)")]
    [InlineData("INDEXED BY deployment_listed WHERE d.id < 9 AND d.branch = 'b'", "COVERING INDEX deployment_listed (id<?)")]
    [InlineData("WHERE d.id < 9 AND d.status = 's'", "COVERING INDEX deployment_of_status (status=? AND id<?)")]
    [InlineData("WHERE d.id < 9 AND d.status = 's' AND d.branch = 'b'", "COVERING INDEX deployment_of_status (status=? AND id<?)")]
    [InlineData("WHERE d.id < 9 AND d.identity = 'u'", "INDEX deployment_of_repository (identity=? AND id<?)")]
    [InlineData("WHERE d.id < 9 AND d.identity = 'u' AND d.branch = 'b'", "INDEX deployment_of_branch (identity=? AND branch=? AND id<?)")]
    public async Task A_list_is_read_from_its_index_in_order_and_stops_where_the_page_is_full(string sql, string index)
    {
        var plan = await PlanAsync($"SELECT d.id, d.identity FROM deployment d {sql} ORDER BY d.id DESC");

        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    private Task<string> PlanAsync(string sql) => _stores.Deployments.Database.ReadAsync(
        db => string.Join('\n', db.All($"EXPLAIN QUERY PLAN {sql}", ReadDetail)), Token);

    private static string ReadDetail(Row row) => (row.Int(), row.Int(), row.Int(), row.Text()).Item4;

    private static string Move(DeploymentStatus to) => to switch
    {
        DeploymentStatus.Pending =>
            "UPDATE deployment SET status = 'Pending', version = version + 1",
        DeploymentStatus.Running =>
            """
            UPDATE deployment
            SET status = 'Running', phase = 'clone', attempt = 1, started_at_ms = 2, version = version + 1
            """,
        DeploymentStatus.Succeeded =>
            """
            UPDATE deployment
            SET status = 'Succeeded', phase = NULL, started_at_ms = 2, ended_at_ms = 3, version = version + 1
            """,
        _ =>
            $"""
            UPDATE deployment
            SET status = '{to}', phase = NULL, ended_at_ms = 3, version = version + 1,
                failure_code = 'INTERNAL', failure_message = 'm'
            """,
    };

    private async Task BringToAsync(DeploymentStatus status, bool logClosed)
    {
        await TryAsync(
            $"INSERT INTO deployment (worker_id, options, created_at_ms) VALUES ('{Guid.NewGuid()}', '{"{}"}', 1)");
        foreach (var step in status switch
        {
            DeploymentStatus.Pending => Array.Empty<DeploymentStatus>(),
            DeploymentStatus.Running => [DeploymentStatus.Running],
            _ => [DeploymentStatus.Running, status],
        })
        {
            Assert.Null(await TryAsync(Move(step)));
        }

        if (logClosed)
        {
            Assert.Null(await TryAsync("UPDATE deployment SET log_closed_at_ms = 4, version = version + 1"));
        }
    }

    private async Task AddHookAsync() => Assert.Null(await TryAsync(
        """
        INSERT INTO hook (name, forge, url, branches, paths, options, sealed, created_at_ms)
        VALUES ('app', 'github', 'https://git.example/r', '["*"]', '[]', '{}', x'00', 1);
        INSERT INTO delivery (hook, event, part, at_ms, decision, reason, deployment_id, body)
        VALUES ('app', 'push', 0, 1, 'started', 'pushed', 1, x'7b7d');
        INSERT INTO hook_start (deployment_id, hook) VALUES (1, 'app');
        """));

    private async Task<SqliteException?> TryAsync(string sql)
    {
        try
        {
            await _stores.Deployments.Database.WriteAsync(db => db.Run(sql), Token);
            return null;
        }
        catch (SqliteException fault)
        {
            return fault;
        }
    }

    private Task<string?> ReadAsync(string sql) => _stores.Deployments.Database.ReadAsync(db => db.Run(sql), Token);
}
