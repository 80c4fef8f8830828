using System.Globalization;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Looks at the engine: whether it answers, its version, its clock, and what it cannot hold to its limits.</summary>
internal sealed class DockerCheckup(DockerOptions options, TimeProvider time) : ICheckup
{
    private static readonly System.Version LeastApi = new(1, 41);
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        using var docker = new DockerConnection(options.Endpoint);
        if (await docker.FindFaultAsync(cancellationToken) is { } fault)
        {
            return [new Finding("docker", fault, "Start the engine, or set Speed__Docker__Endpoint.")];
        }

        try
        {
            var engine = await docker.DescribeAsync(cancellationToken);
            var info = await docker.AskAsync(client => client.System.GetSystemInfoAsync(cancellationToken));
            return
            [
                CheckVersion(engine), CheckClock(info), CheckLimits(info), CheckBuilds(engine),
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

    // Not a fault: it is how the profile is meant.
    private Finding CheckBuilds(Engine engine) => new(
        "docker builds",
        options.Sandbox == Sandbox.Strict || !engine.HasBuildKit
            ? "the legacy builder, with limits on memory and processors"
            : "BuildKit, which does not limit a build's memory and processors (Speed__Docker__Sandbox=strict does)");
}
