using System.ComponentModel.DataAnnotations;

namespace Speed.Deployments;

/// <summary>What the operator sets for all deployments: how many at once, defaults, and the most one may ask for.</summary>
public sealed class DeploymentSettings
{
    /// <summary>Deployments at work at once. Zero starts nothing; two unless set.</summary>
    [Range(0, 1_000)]
    public int MaxRunning { get; set; } = 2;

    /// <summary>Deployments that may wait; beyond, a start is answered 429. 500 unless set.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueued { get; set; } = 500;

    public Timeouts Timeouts { get; set; } = new();

    /// <summary>A day each unless set.</summary>
    public Timeouts MaxTimeouts { get; set; } = new()
    {
        QueueSeconds = 86_400,
        CloneSeconds = 86_400,
        BuildSeconds = 86_400,
        StartSeconds = 86_400,
        RunSeconds = 86_400,
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

    private static int HostMemoryMb => (int)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024));
}
