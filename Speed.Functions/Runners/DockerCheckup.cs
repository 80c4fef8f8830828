using System.Globalization;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Looks at the engine: whether it answers, its version, its clock, and what it cannot hold to its limits.</summary>
internal sealed class DockerCheckup(DockerOptions options, DataFolder data, TimeProvider time) : ICheckup
{
    private static readonly System.Version LeastApi = new(1, 41);
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        using var docker = new DockerConnection(options.Endpoint);
        if (await docker.FindFaultAsync(cancellationToken) is { } fault)
        {
            return [new Finding("docker", fault.What, fault.WayOut)];
        }

        try
        {
            var engine = await docker.DescribeAsync(cancellationToken);
            var info = await docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
            return
            [
                CheckVersion(engine), CheckClock(info), CheckLimits(info), CheckBuilds(engine),
                .. CheckContainer(await new SpeedContainer(docker).FindAsync(cancellationToken), info),
                UpstreamFixes.NoteOf("Docker", engine.Components["Engine"].FirstOrDefault()),
                UpstreamFixes.NoteOf("runc", engine.Components["runc"].FirstOrDefault()),
            ];
        }
        catch (Exception exception) when (exception is DeploymentFailedException or DockerApiException)
        {
            return [new Finding("docker", exception.Message, "Look at the engine's own log.")];
        }
    }

    private Finding CheckVersion(Engine engine) => new(
        "docker",
        $"Docker {engine.Version} (API {engine.Api}) at {options.Endpoint}",
        engine.Api >= LeastApi ? null : $"Update it: SPEED needs API {LeastApi}, Docker 20.10, or newer.");

    private Finding CheckClock(SystemInfoResponse info)
    {
        var engines = DateTimeOffset.Parse(info.SystemTime, CultureInfo.InvariantCulture);
        var skew = (engines - time.GetUtcNow()).Duration();
        return new Finding(
            "docker clock",
            string.Create(CultureInfo.InvariantCulture, $"{skew.TotalSeconds:F1} s off SPEED's own"),
            skew <= MostSkew ? null : "Keep both hosts' clocks right with NTP.");
    }

    private static Finding CheckLimits(SystemInfoResponse info)
    {
        (string Name, bool IsThere)[] all =
        [
            ("memory", info.MemoryLimit), ("swap", info.SwapLimit), ("processors", info.CPUCfsQuota),
            ("processes", info.PidsLimit),
        ];
        var missing = all.Where(limit => !limit.IsThere).Select(limit => limit.Name).ToArray();
        return missing.Length == 0
            ? new Finding("docker limits", "memory, swap, processors and processes of containers")
            : new Finding(
                "docker limits",
                $"The engine cannot limit {string.Join(", ", missing)} of containers.",
                "Enable the cgroup controllers in the host's kernel (for swap: swapaccount=1), and start it again.");
    }

    private IEnumerable<Finding> CheckContainer(SpeedPlace place, SystemInfoResponse info)
    {
        if (!place.IsContainer)
        {
            yield break;
        }

        if (place.Container is not { } own)
        {
            yield return new Finding(
                "container",
                "SPEED runs in a container of another engine than the one it deploys on: programs cannot report through their "
                    + "socket, and services are asked on this container's own loopback address.",
                "Mount the socket of the engine that runs SPEED, or run SPEED on the host: docs/container.md.");
            yield break;
        }

        yield return CheckData(place, own.Name.TrimStart('/'));
        yield return CheckNetwork(place, own.Name.TrimStart('/'), info);
    }

    private Finding CheckData(SpeedPlace place, string name) => place.OnHost(data.FullPath) is { } source
        ? place.IsOnNamelessVolume(data.FullPath)
            ? new Finding(
                "container",
                $"{name} has its {data.FullPath} on a volume without a name, which the next container does not find, and "
                    + "`docker rm --volumes` removes.",
                $"Back up, and run it with a volume that has one: `--volume speed-data:{data.FullPath}`.")
            : new Finding("container", $"{name}; its {data.FullPath} is {source} on the engine's host")
        : new Finding(
            "container",
            $"{name} has no mount with {data.FullPath}: with the container all of it is gone, and programs cannot report "
                + "through their socket.",
            $"Back up, and run it with a volume: `--volume speed-data:{data.FullPath}`.");

    private static Finding CheckNetwork(SpeedPlace place, string name, SystemInfoResponse info)
    {
        const string Off = "the proxy reaches no service, `health.path` cannot be asked, and a service without another health "
            + "check counts as up once it has run for ten seconds";
        if (!place.HasHostNetwork)
        {
            return new Finding(
                "container network",
                $"{name} does not share the host's network, on which services are published: {Off}.",
                "Run it with `--network host`, in compose.yaml `network_mode: host`.");
        }

        return info.OperatingSystem?.Contains("Docker Desktop", StringComparison.Ordinal) == true
            ? new Finding(
                "container network",
                $"the host's, which is Docker Desktop's own machine: unless its settings enable host networking, {Off}")
            : new Finding("container network", "the host's: services are reached where they are published");
    }

    // Not a fault: it is how the profile is meant.
    private Finding CheckBuilds(Engine engine) => new(
        "docker builds",
        options.Sandbox == Sandbox.Strict || !engine.HasBuildKit
            ? "the legacy builder, with limits on memory and processors"
            : "BuildKit, which does not limit a build's memory and processors (Speed__Docker__Sandbox=strict does)");
}
