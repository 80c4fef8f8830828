using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: what is no backup, or no data directory, changes nothing.</summary>
public sealed class RestoreRefusalTests : IDisposable
{
    private readonly RestoreWorld _world = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("deployments.db", "missing", "is no backup")]
    [InlineData("logs.db", "missing", "is no backup")]
    [InlineData("deployments.db", "newer", "newer SPEED (schema 99;")]
    [InlineData("logs.db", "newer", "newer SPEED (schema 99;")]
    [InlineData("deployments.db", "foreign", "another program")]
    [InlineData("logs.db", "damaged", "is damaged")]
    [InlineData("deployments.db", "damaged", "is damaged")]
    [InlineData("deployments.db", "damaged index", "is damaged")]
    public async Task A_backup_that_is_not_whole_or_not_SPEEDs_is_refused(string file, string fault, string why)
    {
        await MakeAsync();
        var path = Path.Combine(_world.Backup, file);
        switch (fault)
        {
            case "missing":
                File.Delete(path);
                break;
            case "newer":
                OldDatabases.Run(path, "PRAGMA user_version = 99");
                break;
            case "foreign":
                OldDatabases.Run(path, "PRAGMA application_id = 7");
                break;
            case "damaged index":
                // Nothing that a quick look finds: an index that lacks a row of its table.
                OldDatabases.Run(
                    path,
                    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = "
                    + "(SELECT rootpage FROM sqlite_schema WHERE name = 'session_token') WHERE name = 'deployment_open'");
                break;
            default:
                var bytes = await File.ReadAllBytesAsync(path, Now);
                bytes.AsSpan(4096).Fill(0x5a);
                await File.WriteAllBytesAsync(path, bytes, Now);
                break;
        }

        await RefusedAsync(why);
    }

    [Fact]
    public async Task While_SPEED_holds_the_data_directory_nothing_is_restored()
    {
        await MakeAsync();
        using var running = _world.Open();

        var refused = await Assert.ThrowsAsync<StoreStartException>(() => _world.RestoreAsync());

        Assert.Contains("speed.lock", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_world.Data));
    }

    [Fact]
    public async Task Where_the_engine_does_not_answer_nothing_is_restored()
    {
        await MakeAsync();
        var there = RestoreWorld.Contents(_world.Data);

        await Assert.ThrowsAsync<DeploymentFailedException>(() => _world.RestoreAsync(
            store => RunnerServices.CreateRunner(new DockerOptions { Endpoint = "unix:///no/engine.sock" }, store, store)));

        Assert.Equal(there, RestoreWorld.Contents(_world.Data));
        Assert.Empty(Directory.GetDirectories(_world.Data));
    }

    private async Task MakeAsync()
    {
        using var stores = _world.Open();
        await stores.AddAsync();
        await _world.MakeBackupAsync(stores);
    }

    private async Task RefusedAsync(string why)
    {
        SqliteConnection.ClearAllPools();
        var there = RestoreWorld.Contents(_world.Data);

        var refused = await Assert.ThrowsAsync<StoreStartException>(() => _world.RestoreAsync());

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Contains(_world.Backup, refused.Message, StringComparison.Ordinal);
        Assert.Equal(there, RestoreWorld.Contents(_world.Data));
        Assert.Empty(Directory.GetDirectories(_world.Data));
    }
}
