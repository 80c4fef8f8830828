using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Compares what the engine made with what the deployment asks for: with the whole of its profile, never with what was
/// left of that when something of it could not be had.
/// </summary>
internal static class ProfileCheck
{
    /// <summary>What differs, by name; empty where nothing does.</summary>
    /// <param name="volumes">Those that the deployment asks for: each must be there, to be written to.</param>
    /// <param name="limitsSwap">False where the engine cannot: then it takes no limit on swap.</param>
    public static IReadOnlyList<string> Differences(
        CreateContainerParameters asked, IReadOnlyList<VolumeMount> volumes, ContainerInspectResponse made, bool limitsSwap)
    {
        var wanted = asked.HostConfig!;
        var host = made.HostConfig ?? new HostConfig();
        return
        [
            .. Held(wanted, host, limitsSwap)
                .Append(("user", asked.User == (made.Config?.User ?? "") || asked.User.Length == 0))
                .Append(("image", asked.Image == made.Image))
                .Append(("mounts", (made.Mounts ?? []).All(mount => IsExpected(mount, wanted))))
                .Append(("volumes", volumes.All(volume => IsMounted(volume, made))))
                .Concat(Never(host))
                .Where(rule => !rule.Item2)
                .Select(rule => rule.Item1),
        ];
    }

    private static IEnumerable<(string, bool)> Held(HostConfig wanted, HostConfig host, bool limitsSwap) =>
    [
        ("dropped capabilities", Same(wanted.CapDrop, host.CapDrop)),
        ("added capabilities", Same(wanted.CapAdd, host.CapAdd)),
        ("security options", Same(wanted.SecurityOpt, host.SecurityOpt)),
        ("IPC", wanted.IpcMode == host.IpcMode),
        ("init", wanted.Init == host.Init),
        ("memory", wanted.Memory == host.Memory),
        ("swap", wanted.MemorySwap == host.MemorySwap || !limitsSwap),
        ("shared memory", wanted.ShmSize == 0 || wanted.ShmSize == host.ShmSize),
        ("processors", wanted.NanoCPUs == host.NanoCPUs),
        ("processes", wanted.PidsLimit == host.PidsLimit),
        ("network", wanted.NetworkMode == host.NetworkMode),
        ("mounts asked for", (wanted.Mounts?.Count ?? 0) == (host.Mounts?.Count ?? 0)),
        ("read-only root", wanted.ReadonlyRootfs == host.ReadonlyRootfs),
        ("published ports", Same(Published(wanted), Published(host))),
        ("tmpfs", Same(wanted.Tmpfs?.Keys, host.Tmpfs?.Keys)),
        ("log driver", wanted.LogConfig.Type == host.LogConfig?.Type
            && wanted.LogConfig.Config.All(pair => host.LogConfig.Config?.Contains(pair) == true)),
    ];

    private static IEnumerable<(string, bool)> Never(HostConfig host) =>
    [
        ("privileged", !host.Privileged),
        ("host's processes", host.PidMode is null or ""),
        ("host's names", host.UTSMode is null or "" && host.UsernsMode is null or ""),
        ("bind mounts", host.Binds is null or [] && host.VolumesFrom is null or []),
        ("devices", host.Devices is null or [] && host.DeviceRequests is null or []),
        ("device rules", host.DeviceCgroupRules is null or []),
        ("all ports published", !host.PublishAllPorts),
        ("restarts", host.RestartPolicy?.Name is null or RestartPolicyKind.Undefined or RestartPolicyKind.No),
        ("removal by the engine", !host.AutoRemove),
    ];

    private static bool IsMounted(VolumeMount volume, ContainerInspectResponse made) =>
        (made.Mounts ?? []).Any(mount => mount.Type == "volume" && mount.RW
            && mount.Name == volume.EngineName && mount.Destination == volume.Path);

    // Anonymous volumes of the image, the volumes asked for, and the one folder to report through.
    private static bool IsExpected(MountPoint made, HostConfig wanted) =>
        made.Type == "tmpfs"
        || (made.Type == "volume" && (IsAnonymous(made)
            || wanted.Mounts?.Any(mount => mount.Source == made.Name && mount.Target == made.Destination) == true))
        || wanted.Mounts?.Any(mount =>
            made.Type == "bind" && !made.RW && made.Source == mount.Source && made.Destination == mount.Target) == true;

    // A random name of the engine's.
    internal static bool IsAnonymous(MountPoint made) => made.Name is { Length: 64 } name && name.All(char.IsAsciiHexDigitLower);

    // Each with its address: a port that the whole network reaches is another one.
    private static IEnumerable<string> Published(HostConfig host) =>
        (host.PortBindings ?? new Dictionary<string, IList<PortBinding>>()).SelectMany(
            port => port.Value.Select(on => $"{port.Key} on {on.HostIP}:{on.HostPort}"));

    private static bool Same(IEnumerable<string>? first, IEnumerable<string>? second) =>
        Normal(first).SetEquals(Normal(second));

    private static HashSet<string> Normal(IEnumerable<string>? names) =>
        [.. (names ?? []).Select(name => name.StartsWith("CAP_", StringComparison.Ordinal) ? name[4..] : name)];
}
