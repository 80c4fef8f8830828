using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Speed.Data;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED's process: over database files that are not as it left them.</summary>
public sealed class DatabaseFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Deployments => _folder.File("deployments.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("deployments.db", "damaged", "Restore it from a backup")]
    [InlineData("logs.db", "damaged", "Restore it from a backup")]
    [InlineData("deployments.db", "foreign", "Move it away")]
    [InlineData("deployments.db", "newer", "restore a backup")]
    [InlineData("logs.db", "newer", "restore a backup")]
    public async Task A_file_that_is_not_as_it_should_be_stops_the_start_and_is_left_byte_for_byte(
        string file, string fault, string wayOut)
    {
        var path = _folder.File(file);
        await MakeDatabasesAsync();
        switch (fault)
        {
            case "damaged":
                var bytes = await File.ReadAllBytesAsync(path, Now);
                bytes.AsSpan(4096).Fill(0x5a);
                await File.WriteAllBytesAsync(path, bytes, Now);
                break;
            case "foreign":
                Run(path, "PRAGMA application_id = 7");
                break;
            default:
                Run(path, "PRAGMA user_version = 99");
                break;
        }

        var before = Contents();
        using var speed = SpeedProgram.Start(_folder.FullPath);
        var sentence = await speed.StandardError.ReadToEndAsync(Now);
        await speed.WaitForExitAsync(Now);

        Assert.Equal(1, speed.ExitCode);
        Assert.Contains(path, sentence, StringComparison.Ordinal);
        Assert.Contains(wayOut, sentence, StringComparison.Ordinal);
        Assert.Single(sentence.TrimEnd().Split('\n'));
        Assert.Equal(before, Contents());
    }

    [Fact]
    public async Task A_migration_that_is_killed_at_any_write_leaves_the_old_schema_or_the_new_one()
    {
        Assert.True(IsTraceable, "This test needs strace: eng/test installs it.");
        var versions = new List<int>();
        var killed = true;
        for (var write = 1; killed; write += Math.Max(1, write / 2))
        {
            MakeOld();
            killed = await StartAndKillAtAsync(write);

            versions.Add(int.Parse(Read("PRAGMA user_version")));
            Assert.Equal("ok", Read("PRAGMA quick_check"));
            Assert.Equal("kept", Read("SELECT labels FROM (SELECT options ->> 'labels' AS labels FROM deployment)"));
            Assert.Equal(
                versions[^1] == 1 ? "0" : "1", Read("SELECT count(*) FROM sqlite_schema WHERE name = 'image_use'"));
        }

        Assert.True(versions.Count > 5, $"killed at {versions.Count - 1} writes only");
        Assert.Equal(1, versions[0]);
        Assert.Equal(new Migrations("deployments").Latest, versions[^1]);
        Assert.Equal(versions.Order(), versions);
    }

    private static bool IsTraceable => File.Exists("/usr/bin/strace");

    private async Task MakeDatabasesAsync()
    {
        using var stores = new SqliteStores(
            new StoreOptions { DataDirectory = _folder.FullPath }, new Speed.Deployments.Bell(), TimeProvider.System);
        for (var i = 0; i < 20; i++)
        {
            await stores.Deployments.AddAsync(new Speed.Deployments.NewDeployment(SomeOptions.Of(), null, 500), Now);
        }
    }

    // As the first released schema left it.
    private void MakeOld()
    {
        foreach (var file in Directory.GetFiles(_folder.FullPath))
        {
            File.Delete(file);
        }

        using var script = typeof(Migrations).Assembly.GetManifestResourceStream("deployments/0001_deployments.sql")!;
        using var reader = new StreamReader(script);
        Run(
            Deployments,
            $$"""
            PRAGMA application_id = {{0x53504544}};
            PRAGMA journal_mode = WAL;
            {{reader.ReadToEnd()}}
            PRAGMA user_version = 1;
            INSERT INTO deployment (worker_id, options, created_at_ms)
            VALUES ('00000000-0000-0000-0000-000000000000', '{"url": "u", "labels": "kept"}', 1);
            """);
    }

    // False if it got as far as to listen without being killed.
    private async Task<bool> StartAndKillAtAsync(int write)
    {
        using var speed = SpeedProgram.Start(
            [
                "strace", "--follow-forks", "--output=/dev/null",
                $"--trace-path={Deployments}", $"--trace-path={Deployments}-wal",
                "--trace=pwrite64", $"--inject=pwrite64:signal=SIGKILL:when={write}", "dotnet",
            ],
            _folder.FullPath);
        var (listens, _) = await SpeedProgram.ReadStartAsync(speed, Now);
        if (listens)
        {
            // The tracer takes no signals; what it runs does.
            var traced = await File.ReadAllTextAsync($"/proc/{speed.Id}/task/{speed.Id}/children", Now);
            using var end = Process.Start("kill", ["-TERM", traced.Trim()]);
            await end.WaitForExitAsync(Now);
        }

        await speed.WaitForExitAsync(Now);
        return !listens;
    }

    private Dictionary<string, string> Contents() => Directory.GetFiles(_folder.FullPath)
        .Where(file => Path.GetFileName(file) != "speed.lock")
        .ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    private string Read(string sql) => Run(Deployments, sql)!;

    private static string? Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own constants.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar()?.ToString();
    }
}
