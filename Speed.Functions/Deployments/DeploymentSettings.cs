using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Speed.Deployments;

/// <summary>What the operator sets for all deployments: how many at once, defaults, and the most one may ask for.</summary>
public sealed class DeploymentSettings
{
    private const int Day = 86_400;

    /// <summary>Deployments at work at once. 0 to 1,000; zero starts nothing; two unless set.</summary>
    public int MaxRunning { get; set; } = 2;

    /// <summary>Deployments that may wait; beyond, a start is answered 429. 1 to 1,000,000; 500 unless set.</summary>
    public int MaxQueued { get; set; } = 500;

    /// <summary>
    /// Of those that wait, how many one caller may have asked for; beyond, a start is answered 429. 1 to 1,000,000; half of
    /// <see cref="MaxQueued"/> unless set.
    /// </summary>
    public int MaxQueuedPerToken
    {
        get => field > 0 ? field : (MaxQueued + 1) / 2;
        set;
    }

    /// <summary>Of those at work at once, how many one caller may have asked for. 1 to 1,000; null, for any number, unless set.</summary>
    public int? MaxRunningPerToken { get; set; }

    /// <summary>
    /// Bytes that may be reported of one deployment, each report with 64 more; beyond, a report is answered 413. 1 KiB to
    /// 1 GiB; 16 MiB unless set.
    /// </summary>
    public long MaxReportedBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Requests a minute that a program may make with the token of its container. 0, for no limit, to 1,000,000; 600 unless
    /// set.
    /// </summary>
    public int ReportsPerMinute { get; set; } = 600;

    /// <summary>Of those, how many may come at once. 1 to 1,000,000; 100 unless set.</summary>
    public int ReportBurst { get; set; } = 100;

    /// <summary>Connections that a deployment's programs may have to report over. 1 to 1,000; 16 unless set.</summary>
    public int ReportConnections { get; set; } = 16;

    /// <summary>
    /// Free bytes on a disk below which nothing new starts; at a quarter of it, what runs is stopped. 0, for never, to
    /// 1 PiB. Null, the smaller of a twentieth of the disk and 2 GiB, unless set.
    /// </summary>
    public long? DiskLowBytes { get; set; }

    /// <summary>
    /// Days that a log is kept; the last ten of each repository and branch stay. 0 to 36,500; 30 unless set.
    /// </summary>
    public int LogDays { get; set; } = 30;

    /// <summary>Days that a record is kept with its results; 0, for ever, to 36,500. For ever unless set.</summary>
    public int RecordDays { get; set; }

    /// <summary>Hours from one backup to the next; 0, for none by schedule, to 1,000. None unless set.</summary>
    public int BackupEveryHours { get; set; }

    /// <summary>How many backups by schedule are kept. 1 to 1,000; 7 unless set.</summary>
    public int BackupKeep { get; set; } = 7;

    /// <summary>Of addresses of repositories, <c>Speed:Git:AllowedSchemes</c>. <c>https</c> alone unless set.</summary>
    public IReadOnlyList<string> AllowedSchemes { get; set; } = ["https"];

    public Timeouts Timeouts { get; set; } = new();

    /// <summary>A day each unless set.</summary>
    public Timeouts MaxTimeouts { get; set; } = new()
    {
        QueueSeconds = Day,
        CloneSeconds = Day,
        BuildSeconds = Day,
        StartSeconds = Day,
        RunSeconds = Day,
    };

    /// <summary>Half the host's memory, 2 GiB at least, and all processors but one, unless set.</summary>
    public BuildResources BuildResources { get; set; } = new()
    {
        MemoryMb = Math.Max(2_048, HostMemoryMb / 2),
        Cpus = Math.Max(1, Environment.ProcessorCount - 1),
    };

    /// <summary>1,024 MB, one processor and 512 processes, unless set.</summary>
    public Resources Resources { get; set; } = new() { MemoryMb = 1_024, Cpus = 1, Pids = 512 };

    /// <summary>The host's memory less 1 GiB, all its processors, and 32,768 processes, unless set.</summary>
    public Resources MaxResources { get; set; } = new()
    {
        MemoryMb = Math.Max(512, HostMemoryMb - 1_024),
        Cpus = Environment.ProcessorCount,
        Pids = 32_768,
    };

    /// <summary>The most that <c>shm_mb</c> may be. 1 to 2,147,483,647; the most memory of a run unless set.</summary>
    public int MaxShmMb
    {
        get => field > 0 ? field : MaxResources.MemoryMb;
        set;
    }

    /// <summary>The most that <c>stop_grace_s</c> may be. 1 to 3,600; 300 unless set.</summary>
    public int MaxStopGraceSeconds { get; set; } = 300;

    /// <summary>What <c>cap_add</c> may have.</summary>
    public IReadOnlyList<string> AllowedCapabilities { get; set; } = Capabilities.Harmless;

    private static int HostMemoryMb => (int)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024));

    /// <summary>
    /// Reads them from the section <c>Speed</c>. Throws <see cref="OptionsValidationException"/> with a sentence that
    /// names the setting for a value out of range.
    /// </summary>
    public static DeploymentSettings Read(IConfiguration configuration)
    {
        var settings = new DeploymentSettings();
        var reader = new SettingsReader(configuration.GetSection("Speed"));
        settings.MaxRunning = reader.Number(nameof(MaxRunning), settings.MaxRunning, 0, 1_000);
        settings.MaxQueued = reader.Number(nameof(MaxQueued), settings.MaxQueued, 1, 1_000_000);
        settings.MaxQueuedPerToken = reader.Number(nameof(MaxQueuedPerToken), settings.MaxQueuedPerToken, 1, 1_000_000);
        settings.MaxRunningPerToken = reader.Text(nameof(MaxRunningPerToken)) is null
            ? null
            : reader.Number(nameof(MaxRunningPerToken), 1, 1, 1_000);
        var results = reader.Within("Results");
        settings.MaxReportedBytes = results.Number("MaxBytes", settings.MaxReportedBytes, 1L << 10, 1L << 30);
        settings.ReportsPerMinute = results.Number("PerMinute", settings.ReportsPerMinute, 0, 1_000_000);
        settings.ReportBurst = results.Number("Burst", settings.ReportBurst, 1, 1_000_000);
        settings.ReportConnections = results.Number("Connections", settings.ReportConnections, 1, 1_000);
        settings.DiskLowBytes = ReadLowBytes(reader.Within("Disk"));
        settings.LogDays = reader.Within("Retention").Number(nameof(LogDays), settings.LogDays, 0, 36_500);
        settings.RecordDays = reader.Within("Retention").Number(nameof(RecordDays), settings.RecordDays, 0, 36_500);
        settings.BackupEveryHours = reader.Within("Backup").Number("Every", settings.BackupEveryHours, 0, 1_000);
        settings.BackupKeep = reader.Within("Backup").Number("Keep", settings.BackupKeep, 1, 1_000);
        settings.AllowedSchemes = reader.Within("Git").List("AllowedSchemes") ?? settings.AllowedSchemes;
        settings.Timeouts = Read(reader.Within(nameof(Timeouts)), settings.Timeouts, leastRun: 0);
        settings.MaxTimeouts = Read(reader.Within(nameof(MaxTimeouts)), settings.MaxTimeouts, leastRun: 1);
        settings.BuildResources = Read(reader.Within(nameof(BuildResources)), settings.BuildResources);
        settings.Resources = Read(reader.Within(nameof(Resources)), settings.Resources);
        settings.MaxResources = Read(reader.Within(nameof(MaxResources)), settings.MaxResources);
        settings.MaxShmMb = reader.Number(nameof(MaxShmMb), settings.MaxShmMb, 1, int.MaxValue);
        settings.MaxStopGraceSeconds = reader.Number(nameof(MaxStopGraceSeconds), settings.MaxStopGraceSeconds, 1, 3_600);
        settings.AllowedCapabilities = Capabilities.ReadAllowed(configuration);
        return settings;
    }

    private static long? ReadLowBytes(SettingsReader reader) =>
        reader.Text("LowBytes") is null ? null : reader.Number("LowBytes", 0L, 0L, 1L << 50);

    private static Timeouts Read(SettingsReader reader, Timeouts missing, int leastRun) => new()
    {
        QueueSeconds = reader.Number("queue_s", missing.QueueSeconds, 1, 30 * Day),
        CloneSeconds = reader.Number("clone_s", missing.CloneSeconds, 1, 30 * Day),
        BuildSeconds = reader.Number("build_s", missing.BuildSeconds, 1, 30 * Day),
        StartSeconds = reader.Number("start_s", missing.StartSeconds, 1, 30 * Day),
        RunSeconds = reader.Number("run_s", missing.RunSeconds, leastRun, 30 * Day),
    };

    private static BuildResources Read(SettingsReader reader, BuildResources missing) => new()
    {
        MemoryMb = reader.Number("memory_mb", missing.MemoryMb, 16, int.MaxValue),
        Cpus = reader.Number("cpus", missing.Cpus, 0.01, 1_024),
    };

    private static Resources Read(SettingsReader reader, Resources missing) => new()
    {
        MemoryMb = reader.Number("memory_mb", missing.MemoryMb, 16, int.MaxValue),
        Cpus = reader.Number("cpus", missing.Cpus, 0.01, 1_024),
        Pids = reader.Number("pids", missing.Pids, 1, 4_194_304),
    };
}

public static class DeploymentSettingsServices
{
    /// <summary>Reads the settings at once, so that a wrong one stops the start before anything is touched.</summary>
    public static IServiceCollection AddDeploymentSettings(
        this IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton(Options.Create(DeploymentSettings.Read(configuration)))
            .AddSingleton(ServiceSettings.Read(configuration));
}
