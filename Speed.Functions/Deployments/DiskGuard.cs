using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>
/// Knows whether there is room to work: on the disk of the data directory, and on the engine's where that can be
/// seen. It looks when it is told to; whoever asks gets what was seen last.
/// </summary>
public sealed partial class DiskGuard(
    DataFolder data,
    Ballast ballast,
    Bell bell,
    MeasureDisk measure,
    IOptions<DeploymentSettings> settings,
    ILogger<DiskGuard> logger)
{
    private const long Mebibyte = 1024 * 1024;
    private const long MostLow = 2048 * Mebibyte;
    private const long MostBallast = 64 * Mebibyte;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<long, string> _chosen = new();
    private volatile Sight _seen = new(DiskLevel.Enough, DiskLevel.Enough, null, null, IsRoomy: true);

    public DiskLevel Level => _seen.Level;

    /// <summary>Of the data directory's disk alone.</summary>
    public DiskLevel DataLevel => _seen.DataLevel;

    /// <summary>Why nothing new is started, in one sentence; null while there is room.</summary>
    public string? Fault =>
        _seen.Shortage is { } shortage ? $"{shortage}: nothing new is started until there is more." : null;

    /// <summary>
    /// True once there is a quarter more than is needed: at the very mark, room comes and goes with every build.
    /// </summary>
    public bool IsRoomy => _seen.IsRoomy;

    /// <summary>True from when the store met a full disk until there was room for the ballast again.</summary>
    public bool IsFull => ballast.WasNeeded;

    /// <summary>What the disk that is worst off has to spare; null where none can be measured.</summary>
    public long? SpareBytes => _seen.Spare;

    /// <summary>Where the engine keeps images and containers on this machine; null where that cannot be seen.</summary>
    public string? EngineFolder { get; set; }

    /// <summary>How many bytes would have to go from the data directory's disk for it to be well above low.</summary>
    public long MissingBytes => Judge(data.FullPath) is { } disk ? Math.Max(0, (2 * disk.Low) - disk.Spare) : 0;

    /// <summary>True if so many more bytes in the data directory leave enough.</summary>
    public bool HasRoomFor(long bytes) => Judge(data.FullPath) is not { } disk || disk.Spare - bytes >= disk.Low;

    /// <summary>Measures anew, sees to the ballast, and rings where something changed.</summary>
    public void Look()
    {
        lock (_gate)
        {
            var before = _seen.Level;
            _seen = See();
            Tell(before, _seen);
        }
    }

    /// <summary>Has the life of a deployment stopped; <paramref name="why"/> is read after "because".</summary>
    public void Choose(long id, string why)
    {
        _chosen[id] = why;
        bell.Ring(id);
    }

    /// <summary>True once the life of a deployment is to be stopped, until it is over.</summary>
    public bool IsChosen(long id) => _chosen.ContainsKey(id);

    /// <summary>Its life is over.</summary>
    public void Forget(long id) => _chosen.TryRemove(id, out _);

    /// <summary>How what was stopped ends.</summary>
    internal DeploymentFailedException ToFailure(long id) => new(
        FailureCode.DiskFull,
        $"{_seen.Shortage ?? "The disk of SPEED's host was nearly full"}: this one was stopped, because "
            + $"{_chosen.GetValueOrDefault(id, "there was no room")}.",
        "Have the operator free some space (`GET /v1/gc` shows what clean-up would remove), and deploy again.");

    private Sight See()
    {
        var home = JudgeData();
        var engine = EngineFolder is { } folder ? Judge(folder) : null;
        var dataLevel = home?.Level ?? DiskLevel.Enough;
        if (dataLevel == DiskLevel.Critical)
        {
            ballast.GiveUp();
        }

        var worst = engine?.Level > dataLevel ? engine : home;
        return new Sight(
            worst?.Level ?? DiskLevel.Enough, dataLevel, worst?.Shortage, (worst ?? engine)?.Spare,
            IsRoomy: home is not { IsRoomy: false } && engine is not { IsRoomy: false });
    }

    private Disk? JudgeData()
    {
        if (Judge(data.FullPath) is not { } disk)
        {
            return null;
        }

        if (!ballast.IsThere && disk.Spare >= disk.Low)
        {
            ballast.TryMake(BallastOn(disk.Space));
        }

        // The store knows better than the numbers, which do not tell of quotas.
        return ballast.WasNeeded ? disk with { Level = DiskLevel.Critical } : disk;
    }

    private Disk? Judge(string folder)
    {
        if (measure(folder) is not { } space)
        {
            return null;
        }

        // What the ballast held is not to be worked with: it is there for the ends of what runs.
        var held = folder == data.FullPath && !ballast.IsThere ? BallastOn(space) : 0;
        var (spare, low) = (space.Free - held, settings.Value.DiskLowBytes ?? Math.Min(space.Total / 20, MostLow));
        var level = spare >= low || low == 0 ? DiskLevel.Enough
            : spare >= low / 4 ? DiskLevel.Low
            : DiskLevel.Critical;
        return new Disk(folder, space, spare, low, level);
    }

    private static long BallastOn(DiskSpace space) => Math.Min(MostBallast, space.Total / 16);

    private void Tell(DiskLevel before, Sight now)
    {
        if (now.Level == before)
        {
            return;
        }

        if (now.Shortage is { } shortage)
        {
            LogShort(shortage);
        }
        else
        {
            LogEnough();
        }

        bell.Ring(Bell.Disk);
        bell.Ring(Bell.Queue);
    }

    private sealed record Sight(DiskLevel Level, DiskLevel DataLevel, string? Shortage, long? Spare, bool IsRoomy);

    private sealed record Disk(string Folder, DiskSpace Space, long Spare, long Low, DiskLevel Level)
    {
        public bool IsRoomy => Level == DiskLevel.Enough && (Low == 0 || Spare >= Low + (Low / 4));

        public string? Shortage => Level == DiskLevel.Enough
            ? null
            : $"The disk under {Folder} has {Math.Max(0, Spare) / Mebibyte} MiB to spare and needs "
                + $"{Low / Mebibyte} MiB (Speed__Disk__LowBytes)";
    }

    [LoggerMessage(LogLevel.Error, "{Shortage}: nothing new is started, and at a quarter of it one after another is stopped")]
    private partial void LogShort(string shortage);

    [LoggerMessage(LogLevel.Information, "There is enough room on the disk again")]
    private partial void LogEnough();
}
