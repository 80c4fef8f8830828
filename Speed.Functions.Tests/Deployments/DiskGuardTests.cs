using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives real files: when the disk is low, when critical, and what the ballast is for.</summary>
public sealed class DiskGuardTests : IDisposable
{
    private const long Mebibyte = 1024 * 1024;
    private const string EngineFolder = "/engine";

    private readonly TempFolder _folder = new();
    private readonly Bell _bell = new();
    private readonly Ballast _ballast;
    private DiskSpace? _data = new DiskSpace(500 * Mebibyte, 1_000 * Mebibyte);
    private DiskSpace? _engine;
    private DiskGuard _guard;

    public DiskGuardTests()
    {
        _ballast = new Ballast(new DataFolder(_folder.FullPath));
        _guard = Guard(null);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1_000, null, 50)]
    [InlineData(1_000_000, null, 2_048)]
    [InlineData(1_000_000, 100, 100)]
    public void Low_and_critical_begin_where_the_settings_say(long totalMb, int? lowMb, long expectedMb)
    {
        _guard = Guard(lowMb * Mebibyte);
        _ballast.TryMake(Mebibyte);

        Assert.Equal(DiskLevel.Enough, See(expectedMb * Mebibyte));
        Assert.Null(_guard.Fault);
        Assert.Equal(DiskLevel.Low, See((expectedMb * Mebibyte) - 1));
        Assert.Contains("Speed__Disk__LowBytes", _guard.Fault, StringComparison.Ordinal);
        Assert.Equal(DiskLevel.Low, See(expectedMb * Mebibyte / 4));
        Assert.True(_ballast.IsThere);
        Assert.Equal(DiskLevel.Critical, See((expectedMb * Mebibyte / 4) - 1));
        Assert.False(_ballast.IsThere);

        DiskLevel See(long free)
        {
            _data = new DiskSpace(free, totalMb * Mebibyte);
            _guard.Look();
            return _guard.Level;
        }
    }

    [Fact]
    public void The_room_of_the_ballast_is_not_worked_with_and_it_is_made_again_when_there_is_more()
    {
        _guard.Look();
        Assert.True(_ballast.IsThere);
        Free(5);
        Assert.Equal((DiskLevel.Critical, false), (_guard.Level, _ballast.IsThere));

        Free(5 + 62);
        Assert.Equal((DiskLevel.Critical, false), (_guard.Level, _ballast.IsThere));
        Free(62 + 49);
        Assert.Equal((DiskLevel.Low, false), (_guard.Level, _ballast.IsThere));
        Free(63 + 50);
        Assert.Equal((DiskLevel.Enough, true), (_guard.Level, _ballast.IsThere));
    }

    [Fact]
    public void A_store_that_met_a_full_disk_is_believed_until_the_ballast_can_be_made_again()
    {
        _guard.Look();
        _ballast.GiveUpForStore();
        Directory.CreateDirectory(_folder.File("ballast"));

        _guard.Look();
        var full = _guard.Level;
        Directory.Delete(_folder.File("ballast"));
        _guard.Look();

        Assert.Equal(DiskLevel.Critical, full);
        Assert.Equal((DiskLevel.Enough, true), (_guard.Level, _ballast.IsThere));
    }

    [Fact]
    public void The_engine_s_disk_counts_too_and_leaves_the_ballast_alone()
    {
        _guard.EngineFolder = EngineFolder;
        _engine = new DiskSpace(1 * Mebibyte, 1_000 * Mebibyte);

        _guard.Look();

        Assert.Equal((DiskLevel.Critical, DiskLevel.Enough), (_guard.Level, _guard.DataLevel));
        Assert.Contains(EngineFolder, _guard.Fault, StringComparison.Ordinal);
        Assert.True(_ballast.IsThere);
    }

    [Fact]
    public void What_cannot_be_measured_stands_in_nobody_s_way()
    {
        _data = null;
        _guard.EngineFolder = EngineFolder;

        _guard.Look();

        Assert.Equal((DiskLevel.Enough, null), (_guard.Level, _guard.Fault));
        Assert.True(_guard.HasRoomFor(long.MaxValue / 2));
    }

    [Fact]
    public void Zero_is_never_low()
    {
        _guard = Guard(0);

        Free(0);

        Assert.Equal(DiskLevel.Enough, _guard.Level);
    }

    [Fact]
    public void Who_waits_for_the_disk_or_in_the_queue_is_rung_and_of_those_at_work_the_one_that_is_chosen()
    {
        _guard.Look();
        var (life, disk, queue) = (_bell.Next(7), _bell.Next(Bell.Disk), _bell.Next(Bell.Queue));

        Free(30);
        Assert.Equal((false, true, true), (life.IsCompleted, disk.IsCompleted, queue.IsCompleted));
        Free(1);
        Assert.False(life.IsCompleted);

        _guard.Choose(7, "it grew fastest");
        Assert.Equal((true, true, false), (life.IsCompleted, _guard.IsChosen(7), _guard.IsChosen(8)));
        Assert.EndsWith("(Speed__Disk__LowBytes): this one was stopped, because it grew fastest.", _guard.ToFailure(7).Message, StringComparison.Ordinal);
        _guard.Forget(7);
        Assert.False(_guard.IsChosen(7));
    }

    [Fact]
    public void The_ballast_is_no_sparse_file()
    {
        Assert.True(OperatingSystem.IsLinux(), "This test asks Linux's stat.");

        Assert.True(_ballast.TryMake(8 * Mebibyte));

        using var stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["--format", "%s %b", _folder.File("ballast")])
            {
                RedirectStandardOutput = true,
            })!;
        var numbers = stat.StandardOutput.ReadToEnd().Split(' ');
        Assert.Equal(8 * Mebibyte, long.Parse(numbers[0]));
        Assert.True(long.Parse(numbers[1]) * 512 >= 8 * Mebibyte);
    }

    private void Free(long mebibytes)
    {
        _data = new DiskSpace(mebibytes * Mebibyte, 1_000 * Mebibyte);
        _guard.Look();
    }

    private DiskGuard Guard(long? lowBytes) => new(
        new DataFolder(_folder.FullPath),
        _ballast,
        _bell,
        folder => folder == EngineFolder ? _engine : _data,
        Options.Create(new DeploymentSettings { DiskLowBytes = lowBytes }),
        NullLogger<DiskGuard>.Instance);
}
