using System.Text.Json;
using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Endpoints;

public sealed partial class OptionsReader
{
    private const int MaxPorts = 32;
    private const int MaxPort = 65_535;
    private const int MaxVolumes = 16;
    private const int MaxHosts = 16;
    private const int MaxHostLength = 253;
    private const int MaxTtlSeconds = 366 * 86_400;

    // What only makes sense of a program that stays up.
    private static readonly string[] OfServices = ["ports", "health", "ttl_s", "restart", "on_unhealthy", "hosts"];

    /// <summary>
    /// Null if the ports of the host that are asked for by number may be had. Asked once all fields are good.
    /// </summary>
    /// <param name="inAnyBranch">True of what is asked for before its branch is known.</param>
    internal async Task<Refusal?> FindPortFaultAsync(
        DeploymentOptions asked, bool inAnyBranch, CancellationToken cancellationToken)
    {
        var faults = await fixedPorts.FindFaultsAsync(asked, inAnyBranch, cancellationToken);
        return faults.Count > 0
            ? Refusal.BadFields([.. faults.Select(fault => new FieldError($"/ports/{fault.Index}/host", fault.Detail))])
            : null;
    }

    private static DeploymentKind ReadKind(Fields fields)
    {
        var kind = fields.Text("kind", 16);
        if (kind is not (null or "auto" or "job" or "service"))
        {
            fields.Refuse("kind", "must be auto, job or service.");
        }

        if (kind == "job")
        {
            foreach (var name in OfServices.Where(fields.Has))
            {
                fields.Refuse(name, "is of services: leave it out, or leave out `kind`.");
            }
        }

        return kind switch
        {
            "job" => DeploymentKind.Job,
            "service" => DeploymentKind.Service,
            _ => DeploymentKind.Auto,
        };
    }

    private static List<PortOption> ReadPorts(Fields fields)
    {
        List<PortOption> ports = [];
        foreach (var item in fields.Objects("ports", MaxPorts))
        {
            item.AllowOnly("container", "host");
            if (!item.Has("container"))
            {
                item.Refuse("container", "is missing: give the port that the program listens on.");
            }

            var port = new PortOption(
                item.Whole("container", 0, 1, MaxPort),
                item.Has("host") ? item.Whole("host", 0, 1, MaxPort) : null);
            if (port.Container != 0 && ports.Any(other => other.Container == port.Container))
            {
                item.Refuse("container", "is in the list already.");
            }

            if (port.Host is > 0 && ports.Any(other => other.Host == port.Host))
            {
                item.Refuse("host", "is in the list already.");
            }

            ports.Add(port);
        }

        if (ports.Count > 0 && fields.Find("network") is { ValueKind: JsonValueKind.String } network
            && network.GetString() == "none")
        {
            fields.Refuse("ports", "cannot be published with `network: none`.");
        }

        return ports;
    }

    private static List<VolumeOption> ReadVolumes(Fields fields)
    {
        List<VolumeOption> volumes = [];
        foreach (var item in fields.Objects("volumes", MaxVolumes))
        {
            item.AllowOnly("name", "path");
            var name = ReadMember(item, "name", "is missing: give the volume one, such as data.");
            var path = ReadMember(item, "path", "is missing: give a folder of the container, such as /data.");
            if (name.Length > 0 && !VolumeName().IsMatch(name))
            {
                item.Refuse("name", "must have 1 to 64 lower-case letters, digits, '.', '_' and '-', and begin with a letter or digit.");
            }

            var folder = VolumePath.Normalize(path);
            if (path.Length > 0 && folder is null)
            {
                item.Refuse("path", "must be a folder of the container such as /data: absolute, without '..', and none of the system's own.");
            }

            if (name.Length > 0 && volumes.Any(other => other.Name == name))
            {
                item.Refuse("name", "is in the list already.");
            }

            if (folder is not null && volumes.Any(other => other.Path == folder))
            {
                item.Refuse("path", "is in the list already.");
            }

            volumes.Add(new VolumeOption(name, folder ?? path));
        }

        return volumes;
    }

    private static string ReadMember(Fields item, string name, string missing)
    {
        if (!item.Has(name))
        {
            item.Refuse(name, missing);
        }

        return item.Text(name, MaxPathLength) ?? "";
    }

    private static HealthOption? ReadHealth(Fields fields, List<PortOption> ports)
    {
        // An empty one is the image's own, said: it is not taken over then.
        if (fields.Find("health") is not { } given || given is { ValueKind: JsonValueKind.Object } && given.GetPropertyCount() == 0)
        {
            return null;
        }

        var health = fields.Object("health");
        if (given.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var missing = new HealthOption();
        var read = new HealthOption
        {
            Path = health.Text("path", MaxPathLength),
            Port = health.Has("port") ? health.Whole("port", 0, 1, MaxPort) : null,
            Status = health.Has("status") ? health.Whole("status", 0, 100, 599) : null,
            Host = health.Text("host", MaxHostLength),
            Command = health.List("command", MaxVariables, MaxVariableLength),
            IntervalSeconds = health.Whole("interval_s", missing.IntervalSeconds, 1, 3_600),
            TimeoutSeconds = health.Whole("timeout_s", missing.TimeoutSeconds, 1, 600),
            StartSeconds = health.Has("start_s") ? health.Whole("start_s", 0, 0, 86_400) : null,
        };
        if ((read.Path is not null) == (read.Command.Count > 0))
        {
            fields.Refuse("health", "must have either a path or a command.");
        }

        if (read.Path is { } path && !HealthPath().IsMatch(path))
        {
            health.Refuse("path", "must begin with '/' and have no blanks.");
        }

        if (read.Path is null && (read.Port is not null || read.Status is not null || read.Host is not null))
        {
            fields.Refuse("health", "has a port, a status or a host, which go with a path.");
        }

        if (read.Host is { } host && !HealthHost().IsMatch(host))
        {
            health.Refuse("host", "must be a host name or an address, such as app.example.org, with a port if need be.");
        }

        if (read.Port is { } port and > 0 && ports.Count > 0 && ports.All(one => one.Container != port))
        {
            health.Refuse("port", "must be one of `ports`.");
        }

        return read;
    }

    private static int? ReadTtl(Fields fields) => fields.Has("ttl_s") ? fields.Whole("ttl_s", 1, 1, MaxTtlSeconds) : null;

    private static RestartRule? ReadRestart(Fields fields) => fields.Text("restart", 16) switch
    {
        null => null,
        "no" => RestartRule.No,
        "on-failure" => RestartRule.OnFailure,
        "always" => RestartRule.Always,
        _ => Refused<RestartRule?>(fields, "restart", "must be no, on-failure or always."),
    };

    private static UnhealthyRule ReadOnUnhealthy(Fields fields) => fields.Text("on_unhealthy", 16) switch
    {
        null or "stay" => UnhealthyRule.Stay,
        "restart" => UnhealthyRule.Restart,
        _ => Refused<UnhealthyRule>(fields, "on_unhealthy", "must be stay or restart."),
    };

    private static T? Refused<T>(Fields fields, string name, string why)
    {
        fields.Refuse(name, why);
        return default;
    }

    private static List<string> ReadHosts(Fields fields)
    {
        List<string> hosts = [.. fields.List("hosts", MaxHosts, MaxHostLength).Select(host => host.ToLowerInvariant())];
        if (!hosts.All(host => HostName().IsMatch(host) && !host.EndsWith(".localhost", StringComparison.Ordinal)))
        {
            fields.Refuse(
                "hosts", "must be host names such as app.example.org, no addresses, without scheme and port; those under .localhost are SPEED's own.");
        }

        return [.. hosts.Distinct()];
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?\\z")]
    private static partial Regex ServiceNameText();

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}\\z")]
    private static partial Regex VolumeName();

    [GeneratedRegex(@"^/[\x21-\x7e]*$")]
    private static partial Regex HealthPath();

    [GeneratedRegex(@"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z")]
    private static partial Regex HealthHost();

    // No address: the last part of a name is never a number.
    [GeneratedRegex(@"^(?!.*\.[0-9]+$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+$")]
    private static partial Regex HostName();
}
