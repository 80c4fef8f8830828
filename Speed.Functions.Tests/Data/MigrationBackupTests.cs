using Speed.Data;
using Speed.Deployments;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: before a migration both databases are copied, or the start refuses.</summary>
public sealed class MigrationBackupTests : IDisposable
{
    private static readonly string Before = $"before-{OldDatabases.Latest}";

    private readonly TempFolder _folder = new();

    private string Backups => _folder.File("backups");

    private string Marker => _folder.File("migration");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Both_databases_are_copied_before_one_is_changed()
    {
        OldDatabases.Make(_folder.FullPath);

        Open();

        var copy = Path.Combine(Backups, Before);
        Assert.Equal([copy], Directory.GetDirectories(Backups));
        Assert.Equal((1, 1), (OldDatabases.VersionOf(copy), OldDatabases.VersionOf(copy, "logs.db")));
        Assert.Equal("kept", OldDatabases.LabelsIn(copy));
        Assert.Equal(
            (OldDatabases.Latest, OldDatabases.LatestLogs),
            (OldDatabases.VersionOf(_folder.FullPath), OldDatabases.VersionOf(_folder.FullPath, "logs.db")));
        Assert.False(File.Exists(Marker));
    }

    [Fact]
    public void Nothing_is_copied_of_a_new_data_directory_or_where_nothing_is_to_be_changed()
    {
        Open();
        Open();

        Assert.False(Directory.Exists(Backups));
    }

    [Fact]
    public void Where_only_the_logs_are_of_an_older_schema_both_are_copied_under_its_number()
    {
        OldDatabases.Make(_folder.FullPath, OldDatabases.Latest, logs: 1);

        Open();

        var copy = Path.Combine(Backups, $"before-logs-{OldDatabases.LatestLogs}");
        Assert.Equal([copy], Directory.GetDirectories(Backups));
        Assert.Equal(
            (OldDatabases.Latest, 1), (OldDatabases.VersionOf(copy), OldDatabases.VersionOf(copy, "logs.db")));
    }

    [Fact]
    public void A_database_that_is_missing_is_an_empty_file_in_the_copy()
    {
        OldDatabases.Make(_folder.FullPath);
        File.Delete(_folder.File("logs.db"));

        Open();

        Assert.Equal(0, new FileInfo(Path.Combine(Backups, Before, "logs.db")).Length);
    }

    [Fact]
    public void What_an_interrupted_start_has_half_changed_does_not_take_the_place_of_the_good_copy()
    {
        OldDatabases.Make(_folder.FullPath, deployments: 5);
        Directory.CreateDirectory(Path.Combine(Backups, Before));
        OldDatabases.Make(Path.Combine(Backups, Before), deployments: 1, label: "good");
        File.WriteAllText(Marker, Before);

        Open();

        Assert.Equal([Path.Combine(Backups, Before)], Directory.GetDirectories(Backups));
        Assert.Equal("good", OldDatabases.LabelsIn(Path.Combine(Backups, Before)));
        Assert.Equal(OldDatabases.Latest, OldDatabases.VersionOf(_folder.FullPath));
        Assert.False(File.Exists(Marker));
    }

    [Fact]
    public void A_start_that_was_interrupted_before_it_changed_anything_copies_anew_what_came_since()
    {
        OldDatabases.Make(_folder.FullPath);
        Directory.CreateDirectory(Path.Combine(Backups, Before));
        OldDatabases.Make(Path.Combine(Backups, Before));
        File.WriteAllText(Marker, Before);
        OldDatabases.Add(_folder.FullPath, 2, "since");

        Open();

        Assert.Equal([Path.Combine(Backups, Before)], Directory.GetDirectories(Backups));
        Assert.Equal("kept,since", OldDatabases.LabelsIn(Path.Combine(Backups, Before)));
    }

    [Fact]
    public void The_copy_of_an_earlier_migration_to_the_same_schema_stays()
    {
        OldDatabases.Make(_folder.FullPath);
        Directory.CreateDirectory(Path.Combine(Backups, Before));
        OldDatabases.Make(Path.Combine(Backups, Before), label: "earlier");

        Open();

        Assert.Equal("earlier", OldDatabases.LabelsIn(Path.Combine(Backups, Before)));
        Assert.Equal("kept", OldDatabases.LabelsIn(Path.Combine(Backups, $"{Before}-2")));
    }

    [Fact]
    public void Where_no_copy_can_be_made_the_start_says_why_and_changes_nothing()
    {
        OldDatabases.Make(_folder.FullPath);
        File.WriteAllText(Backups, "a file");

        AssertRefused(_folder.FullPath, Path.Combine(Backups, Before));
    }

    [Fact]
    public void On_a_full_disk_the_start_says_so_and_changes_nothing()
    {
        Assert.True(Tmpfs.IsAvailable, "This test needs root on Linux.");
        using var disk = new Tmpfs(mebibytes: 4);
        Directory.CreateDirectory(disk.Data);
        OldDatabases.Make(disk.Data);
        disk.Fill(leaving: 64 * 1024);

        AssertRefused(disk.Data, "is full");
        Assert.Empty(Directory.GetDirectories(Path.Combine(disk.Data, "backups")));
    }

    [Fact]
    public void A_damaged_database_is_refused_before_the_other_is_changed()
    {
        OldDatabases.Make(_folder.FullPath);
        var logs = File.ReadAllBytes(_folder.File("logs.db"));
        logs.AsSpan(4096).Fill(0x5a);
        File.WriteAllBytes(_folder.File("logs.db"), logs);

        AssertRefused(_folder.FullPath, "logs.db is damaged");
        Assert.False(Directory.Exists(Backups));
    }

    private void Open() => Open(_folder.FullPath);

    private static void Open(string folder) =>
        new SqliteStores(new StoreOptions { DataDirectory = folder }, new Bell(), TimeProvider.System).Dispose();

    private static void AssertRefused(string folder, string why)
    {
        var files = Directory.GetFiles(folder, "*.db");
        var before = files.Select(file => Convert.ToHexString(File.ReadAllBytes(file))).ToList();

        var fault = Assert.Throws<StoreStartException>(() => Open(folder));

        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, files.Select(file => Convert.ToHexString(File.ReadAllBytes(file))));
        Assert.False(File.Exists(Path.Combine(folder, "migration")));
    }
}
