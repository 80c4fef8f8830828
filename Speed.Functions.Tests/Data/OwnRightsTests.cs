using System.Diagnostics;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real files and a process: which rights of other accounts SPEED takes away, and whose folders it trusts.</summary>
public sealed class OwnRightsTests : IDisposable
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_a_SPEED_of_before_left_open_is_put_right_at_the_next_start_and_told()
    {
        Open().Dispose();
        await RunAsync("chmod", "0755", _folder.FullPath);
        await RunAsync("chmod", "0644", _folder.File("deployments.db"));
        await RunAsync("chmod", "0640", _folder.File("logs.db"));

        using var directory = Open();

        Assert.Equal(Owners | UnixFileMode.UserExecute, ModeOf(_folder.FullPath));
        Assert.Equal(Owners, ModeOf(_folder.File("deployments.db")));
        Assert.Equal(Owners, ModeOf(_folder.File("logs.db")));
        Assert.Equal(
            [_folder.FullPath, _folder.File("deployments.db"), _folder.File("logs.db")],
            directory.PutRight.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_private_already_is_not_told_of()
    {
        Open().Dispose();
        await RunAsync("chmod", "0600", _folder.File("deployments.db"), _folder.File("logs.db"));

        using var directory = Open();

        Assert.Empty(directory.PutRight);
    }

    [Fact]
    public async Task A_folder_that_others_may_need_stays_theirs_too_and_the_databases_in_it_do_not()
    {
        Open().Dispose();
        await File.WriteAllTextAsync(_folder.File("notes.txt"), "of somebody", TestContext.Current.CancellationToken);
        await RunAsync("chmod", "1777", _folder.FullPath);
        await RunAsync("chmod", "0644", _folder.File("deployments.db"), _folder.File("logs.db"));

        using var directory = Open();

        Assert.True(OwnRights.IsOpenToOthers(_folder.FullPath));
        Assert.True(OwnRights.IsOpenToOthers(_folder.File("notes.txt")));
        Assert.False(OwnRights.IsOpenToOthers(_folder.File("deployments.db")));
        Assert.Equal(2, directory.PutRight.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false, "chmod", "0775")]
    [InlineData(false, "chmod", "0757")]
    [InlineData(false, "chown", "65534")]
    [InlineData(false, "chown", "-h", "65534")]
    public async Task A_folder_is_ones_own_if_nobody_else_made_it_or_may_write_there(bool isOwn, params string[] change)
    {
        var path = _folder.File("report");
        Directory.CreateDirectory(path);
        await RunAsync("chmod", "0755", path);
        if (change.Length > 0)
        {
            await RunAsync([.. change, path]);
        }

        Assert.Equal(isOwn, OwnRights.IsOwnFolder(path));
    }

    [Fact]
    public void A_link_to_ones_own_folder_is_not_one_nor_is_a_file()
    {
        var path = _folder.File("report");
        Directory.CreateDirectory(path);
        File.CreateSymbolicLink(_folder.File("link"), path);
        File.WriteAllText(_folder.File("file"), "");

        Assert.False(OwnRights.IsOwnFolder(_folder.File("link")));
        Assert.False(OwnRights.IsOwnFolder(_folder.File("file")));
    }

    private DataDirectory Open()
    {
        var directory = new DataDirectory(new StoreOptions { DataDirectory = _folder.FullPath });
        directory.PrepareFiles(TimeSpan.FromSeconds(5));
        File.AppendAllText(_folder.File("deployments.db"), "");
        File.AppendAllText(_folder.File("logs.db"), "");
        return directory;
    }

    private static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(command[0], command[1..]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
