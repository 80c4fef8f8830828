using System.Runtime.InteropServices;

namespace Speed.Deployments;

/// <summary>Looks at the host: .NET, the disk, the clock, and who may read the data.</summary>
internal sealed class HostCheckup(DataFolder data, DiskGuard disk, MeasureDisk measure, TimeProvider time) : ICheckup
{
    private const long Mebibyte = 1024 * 1024;

    private static readonly Version LeastDotNet = new(10, 0);

    // Before it, no SPEED was made that could ask.
    private static readonly DateTimeOffset Earliest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Finding>>([CheckDotNet(), CheckDisk(), CheckClock(), CheckFolder()]);

    private static Finding CheckDotNet() => new(
        ".net",
        RuntimeInformation.FrameworkDescription,
        Environment.Version >= LeastDotNet ? null : $"Run SPEED on .NET {LeastDotNet} or newer.");

    private Finding CheckDisk()
    {
        disk.Look();
        var free = measure(data.FullPath) is { } space ? $"{space.Free / Mebibyte:N0} MiB free for the data" : "not measurable";
        return disk.Fault is { } fault
            ? new Finding("disk", fault, "Free some space: `POST /v1/gc` removes what is no longer needed.")
            : new Finding("disk", free);
    }

    private Finding CheckClock()
    {
        var now = time.GetUtcNow();
        return new Finding(
            "clock",
            now.ToString("u", null),
            now >= Earliest ? null : "Set the host's clock, and keep it right with NTP.");
    }

    private Finding CheckFolder()
    {
        var open = Directory.EnumerateFiles(data.FullPath, "*.key")
            .Append(data.FullPath)
            .Where(OwnRights.IsOpenToOthers)
            .ToArray();
        return open.Length == 0
            ? new Finding("data directory", data.FullPath)
            : new Finding(
                "data directory",
                $"Other accounts may open {string.Join(", ", open)}.",
                "Take their rights away: chmod 700 for the folder, 600 for the keys in it.");
    }
}
