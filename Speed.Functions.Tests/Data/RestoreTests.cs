using System.Security.Cryptography;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: a backup in the place of the databases, and what goes on above it.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly RestoreWorld _world = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Both_databases_are_as_they_were_and_those_replaced_are_kept_beside()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            await stores.SucceedAsync(await stores.RunAsync(starts: true));
            await _world.MakeBackupAsync(stores);
            await stores.AddAsync();
        }

        var there = RestoreWorld.Contents(_world.Data);
        var report = await _world.RestoreAsync();

        Assert.Equal((_world.Replaced, 3L), (report.ReplacedFolder, report.NextId));
        Assert.Equal(there, RestoreWorld.Contents(_world.Replaced));
        using var restored = _world.Open();
        Assert.Equal(DeploymentStatus.Succeeded, (await restored.FindAsync(1)).Status);
        Assert.NotNull((await restored.Logs.SummarizeAsync(1, Now)).Sha256);
        Assert.Null(await restored.Deployments.FindAsync(2, Now));
        Assert.Equal(3, (await restored.AddAsync()).Id);
    }

    [Fact]
    public async Task A_volume_that_came_after_the_backup_stays_its_service_s()
    {
        using (var stores = _world.Open())
        {
            await _world.MakeBackupAsync(stores);
            await TakeVolumeAsync(stores, "https://git.example/other.git");
        }

        string before;
        using (var stores = _world.Open())
        {
            before = await TakeVolumeAsync(stores, "https://git.example/hello.git");
        }

        await _world.RestoreAsync();

        using var restored = _world.Open();
        Assert.Equal(before, await TakeVolumeAsync(restored, "https://git.example/hello"));
        Assert.Equal(2, (await restored.Deployments.ListVolumesAsync(Now)).Count);
    }

    [Fact]
    public async Task Every_table_that_counts_its_rows_counts_on_above_those_that_are_replaced()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            await _world.MakeBackupAsync(stores);
            for (var n = 0; n < 3; n++)
            {
                await stores.SucceedAsync(await RunNewAsync(stores));
            }
        }

        const string Sequences = "SELECT json_group_object(name, seq) FROM sqlite_sequence";
        var replaced = OldDatabases.Run(Path.Combine(_world.Data, "deployments.db"), Sequences)!;
        await _world.RestoreAsync();

        var restored = OldDatabases.Run(Path.Combine(_world.Data, "deployments.db"), Sequences)!;
        Assert.Contains("\"deployment\":4", replaced, StringComparison.Ordinal);
        var (before, after) = (Parse(replaced), Parse(restored));
        Assert.All(before, sequence => Assert.True(
            after[sequence.Key] >= sequence.Value, $"{replaced} {restored}"));

        // Who has missed events finds a hole in their numbers, and begins anew.
        Assert.Equal("0", OldDatabases.Run(
            Path.Combine(_world.Data, "deployments.db"),
            $"SELECT count(*) FROM event WHERE seq = {before["event"] + 1}"));

        static Dictionary<string, long> Parse(string json) =>
            System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, long>>(json)!;
    }

    [Fact]
    public async Task What_was_done_stays_on_record_sessions_end_and_tokens_revoked_since_are_named()
    {
        using (var stores = _world.Open())
        {
            await stores.Deployments.AddTokenAsync(
                new AccessToken("aaaaaaaaaaaa", "kept", RandomNumberGenerator.GetBytes(32), [], [], _world.Time.GetUtcNow(), null), Now);
            await stores.Deployments.AddTokenAsync(
                new AccessToken("bbbbbbbbbbbb", "revoked", RandomNumberGenerator.GetBytes(32), [], [], _world.Time.GetUtcNow(), null), Now);
            await stores.Deployments.AddSessionAsync(
                new Session(new byte[32], new byte[32], "aaaaaaaaaaaa", null, _world.Time.GetUtcNow().AddDays(1)), Now);
            await stores.Deployments.AppendAuditAsync(new AuditEntry(_world.Time.GetUtcNow(), "a", "before", null, 200), Now);
            await _world.MakeBackupAsync(stores);
            await stores.Deployments.AppendAuditAsync(new AuditEntry(_world.Time.GetUtcNow(), "a", "after", null, 200), Now);
            await stores.Deployments.DeleteTokenAsync("bbbbbbbbbbbb", Now);
        }

        var report = await _world.RestoreAsync();

        Assert.Equal(["revoked"], report.RevokedTokens);
        using var restored = _world.Open();
        Assert.Equal(
            ["after", "before"], (await restored.Deployments.ReadAuditAsync(10, Now)).Select(entry => entry.Action));
        Assert.Null(await restored.Deployments.FindSessionAsync(new byte[32], Now));
    }

    [Fact]
    public async Task What_went_on_since_is_not_done_again_and_what_did_not_goes_on()
    {
        using (var stores = _world.Open())
        {
            for (var n = 0; n < 4; n++)
            {
                await stores.AddAsync();
            }

            var built = await stores.RunAsync(starts: false);
            await _world.MakeBackupAsync(stores);
            Assert.True(await stores.Deployments.EnterPhaseAsync(built.Claim, DeploymentPhase.Build, Now));
            Assert.True(await stores.Deployments.RecordImageAsync(built.Claim, "sha256:1", Now));
            Assert.True(await stores.Deployments.EnterPhaseAsync(built.Claim, DeploymentPhase.Run, Now));
            Assert.True(await stores.Deployments.AskStartAsync(built.Claim, Now));
            await stores.SucceedAsync(await stores.RunAsync(starts: true));
            await stores.RunAsync(starts: false);
        }

        var report = await _world.RestoreAsync();

        Assert.Equal([1L, 2], report.Interrupted);
        using var restored = _world.Open();
        var (started, ended) = (await restored.FindAsync(1), await restored.FindAsync(2));
        Assert.Equal((FailureCode.Interrupted, FailureCode.Interrupted), (started.Failure!.Code, ended.Failure!.Code));
        Assert.Contains("was started after the backup", started.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("ended as Succeeded after the backup", ended.Failure.Message, StringComparison.Ordinal);
        Assert.NotNull(started.LogClosedAt);
        Assert.NotNull((await restored.Logs.SummarizeAsync(1, Now)).Sha256);
        Assert.Equal(3, (await restored.Deployments.ClaimNextAsync("w", Now))!.Id);
        Assert.Equal(4, (await restored.Deployments.ClaimNextAsync("w", Now))!.Id);
    }

    [Fact]
    public async Task Attempts_and_epochs_go_on_above_what_they_had_come_to()
    {
        Deployment now;
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            var running = await stores.RunAsync(starts: false);
            await _world.MakeBackupAsync(stores);
            for (now = running; now.Attempt < 3;)
            {
                now = (await stores.Deployments.TakeOverAsync(now.Claim, "w", repeat: true, Now))!;
            }
        }

        await _world.RestoreAsync();

        using var restored = _world.Open();
        var found = await restored.FindAsync(1);
        Assert.Equal((3, now.Epoch), (found.Attempt, found.Claim.Epoch));
    }

    [Fact]
    public async Task Numbers_go_on_above_the_logs_where_the_replaced_database_cannot_be_read()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            await _world.MakeBackupAsync(stores);
            for (var n = 0; n < 5; n++)
            {
                await RunNewAsync(stores);
            }
        }

        var path = Path.Combine(_world.Data, "deployments.db");
        var bytes = await File.ReadAllBytesAsync(path, Now);
        bytes.AsSpan(100).Fill(0x5a);
        await File.WriteAllBytesAsync(path, bytes, Now);
        var report = await _world.RestoreAsync();

        Assert.NotNull(report.Unreadable);
        Assert.Equal(6, report.NextId);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_world.Replaced, "deployments.db"), Now));
    }

    [Fact]
    public async Task An_empty_data_directory_takes_a_backup_too_and_nothing_is_kept_beside()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            await _world.MakeBackupAsync(stores);
        }

        Directory.Delete(_world.Data, recursive: true);
        var report = await _world.RestoreAsync();

        Assert.Equal((null, 2L), (report.ReplacedFolder, report.NextId));
        Assert.Equal(["deployments.db", "logs.db", "speed.lock"], Directory.GetFileSystemEntries(_world.Data).Select(Path.GetFileName).Order());
        using var restored = _world.Open();
        Assert.Equal(DeploymentStatus.Pending, (await restored.FindAsync(1)).Status);
    }

    [Fact]
    public async Task What_was_replaced_can_be_restored_with_the_log_that_SQLite_left_beside_it()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
            await _world.MakeBackupAsync(stores);
            await stores.AddAsync();
            var left = Directory.CreateDirectory(_world.Backup + "-killed").FullName;
            foreach (var file in Directory.GetFiles(_world.Data, "*.db*"))
            {
                File.Copy(file, Path.Combine(left, Path.GetFileName(file)));
            }
        }

        // As a kill would have left them.
        foreach (var file in Directory.GetFiles(_world.Backup + "-killed"))
        {
            File.Copy(file, Path.Combine(_world.Data, Path.GetFileName(file)), overwrite: true);
        }

        await _world.RestoreAsync();
        Directory.Delete(_world.Backup, recursive: true);
        Directory.Move(_world.Replaced, _world.Backup);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.RestoreAsync();

        using var restored = _world.Open();
        Assert.Equal(DeploymentStatus.Pending, (await restored.FindAsync(2)).Status);
    }

    [Fact]
    public async Task A_backup_of_an_older_schema_comes_with_the_latest_one()
    {
        using (var stores = _world.Open())
        {
            await stores.AddAsync();
        }

        Directory.CreateDirectory(_world.Backup);
        OldDatabases.Make(_world.Backup);
        await _world.RestoreAsync();

        Assert.Equal(OldDatabases.Latest, OldDatabases.VersionOf(_world.Data));
        Assert.Equal("kept", OldDatabases.LabelsIn(_world.Data));
        Assert.Equal(1, OldDatabases.VersionOf(_world.Backup));
        Assert.False(Directory.Exists(Path.Combine(_world.Data, "backups")));
    }

    private static async Task<Deployment> RunNewAsync(SqliteStores stores)
    {
        await stores.AddAsync();
        return await stores.RunAsync(starts: true);
    }

    // The name on the engine of the volume of a new deployment.
    private static async Task<string> TakeVolumeAsync(SqliteStores stores, string url)
    {
        var options = SomeOptions.Of(url) with { Volumes = [new VolumeOption("data", "/data")] };
        await stores.Deployments.AddAsync(new NewDeployment(options, null, 500), Now);
        var running = await stores.RunAsync(starts: true);
        var name = (await stores.Deployments.TakeVolumesAsync(running.Id, Now)).Single().EngineName;
        await stores.SucceedAsync(running);
        return name;
    }
}
