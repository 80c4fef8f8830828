using System.Diagnostics;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED's process: its copy is on the disk before a migration changes anything.</summary>
public sealed class MigrationKillTests : IDisposable
{
    private static readonly string Before = $"before-{OldDatabases.Latest}";

    private readonly TempFolder _folder = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Both_copies_their_folder_and_its_name_are_flushed_before_the_first_statement()
    {
        Assert.True(File.Exists("/usr/bin/strace"), "This test needs strace: eng/test installs it.");
        OldDatabases.Make(_folder.FullPath);
        var trace = _folder.File("trace");
        using (var speed = SpeedProgram.Start(
            [
                "strace", "--follow-forks", "--decode-fds=path", "--string-limit=300", $"--output={trace}",
                "--trace=fsync,fdatasync,pwrite64,rename", "dotnet",
            ],
            _folder.FullPath))
        {
            var (listens, printed) = await SpeedProgram.ReadStartAsync(speed, Now);
            Assert.True(listens, printed);
            await StopAsync(speed);
        }

        var (backups, part) = (_folder.File("backups"), _folder.File($"backups/{Before}.part"));
        var lines = await File.ReadAllLinesAsync(trace, Now);
        var firstChange = Find(line => line.Contains("pwrite64(", StringComparison.Ordinal)
            && new[] { "deployments.db", "deployments.db-wal", "logs.db", "logs.db-wal" }.Any(file => Has(line, _folder.File(file))));
        var named = Find(line => line.Contains($"rename(\"{part}\"", StringComparison.Ordinal));
        int[] steps =
        [
            Flushed(Path.Combine(part, "deployments.db"), named), Flushed(Path.Combine(part, "logs.db"), named),
            Flushed(part, named), named, Flushed(backups, firstChange), Flushed(_folder.File("migration"), firstChange),
            firstChange,
        ];

        Assert.DoesNotContain(-1, steps);
        Assert.Equal(steps.Order(), steps);

        int Find(Predicate<string> holds) => Array.FindIndex(lines, holds);

        // The last time before: SQLite flushes its copy by itself, too.
        int Flushed(string path, int before) => before < 0 ? -1 : Array.FindLastIndex(
            lines, before, line => line.Contains("sync(", StringComparison.Ordinal) && Has(line, path));

        static bool Has(string line, string path) => line.Contains($"<{path}>", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(60)]
    public async Task Killed_in_the_middle_the_good_copy_is_the_one_that_stays(int write)
    {
        Assert.True(File.Exists("/usr/bin/strace"), "This test needs strace: eng/test installs it.");
        OldDatabases.Make(_folder.FullPath);
        var (data, copy) = (_folder.File("deployments.db"), _folder.File($"backups/{Before}"));
        using (var speed = SpeedProgram.Start(
            [
                "strace", "--follow-forks", "--output=/dev/null", $"--trace-path={data}", $"--trace-path={data}-wal",
                "--trace=pwrite64", $"--inject=pwrite64:signal=SIGKILL:when={write}", "dotnet",
            ],
            _folder.FullPath))
        {
            var (listens, printed) = await SpeedProgram.ReadStartAsync(speed, Now);
            Assert.False(listens, printed);
            await speed.WaitForExitAsync(Now);
        }

        Assert.Equal("kept", OldDatabases.LabelsIn(copy));
        using (var speed = SpeedProgram.Start(_folder.FullPath))
        {
            var (listens, printed) = await SpeedProgram.ReadStartAsync(speed, Now);
            Assert.True(listens, printed);
            using var end = Process.Start("kill", ["-TERM", $"{speed.Id}"]);
            await speed.WaitForExitAsync(Now);
        }

        Assert.Equal([copy], Directory.GetDirectories(_folder.File("backups")));
        Assert.Equal((1, 1), (OldDatabases.VersionOf(copy), OldDatabases.VersionOf(copy, "logs.db")));
        Assert.Equal(OldDatabases.Latest, OldDatabases.VersionOf(_folder.FullPath));
    }

    // The tracer takes no signals; what it runs does.
    private static async Task StopAsync(Process tracer)
    {
        var traced = await File.ReadAllTextAsync($"/proc/{tracer.Id}/task/{tracer.Id}/children", Now);
        using var end = Process.Start("kill", ["-TERM", traced.Trim()]);
        await tracer.WaitForExitAsync(Now);
    }
}
