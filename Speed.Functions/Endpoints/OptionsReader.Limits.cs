using Speed.Deployments;

namespace Speed.Endpoints;

public sealed partial class OptionsReader
{
    private const int LeastMemoryMb = 16;
    private const double LeastCpus = 0.01;
    private const int MaxCapabilityLength = 32;

    private DeploymentSettings Settings => settings.Value;

    private int? ReadShm(Fields fields) => fields.Has("shm_mb") ? fields.Whole("shm_mb", 64, 1, Settings.MaxShmMb) : null;

    private int? ReadStopGrace(Fields fields) =>
        fields.Has("stop_grace_s") ? fields.Whole("stop_grace_s", 10, 1, Settings.MaxStopGraceSeconds) : null;

    private List<string> ReadCapabilities(Fields fields)
    {
        List<string> added = [];
        foreach (var name in fields.List("cap_add", Capabilities.Known.Count, MaxCapabilityLength))
        {
            var known = Capabilities.Normalize(name);
            if (known is null)
            {
                fields.Refuse("cap_add", $"can have {string.Join(", ", Capabilities.Known)}; no others are given to anybody.");
            }
            else if (!Settings.AllowedCapabilities.Contains(known))
            {
                var allowed = Settings.AllowedCapabilities.Count > 0 ? string.Join(", ", Settings.AllowedCapabilities) : "none";
                fields.Refuse(
                    "cap_add", $"has {known}, and the operator allows {allowed} (Speed__Docker__AllowedCapabilities).");
            }
            else if (!added.Contains(known))
            {
                added.Add(known);
            }
        }

        return [.. added.Order(StringComparer.Ordinal)];
    }

    private Timeouts ReadTimeouts(Fields fields)
    {
        var (missing, most) = (Settings.Timeouts, Settings.MaxTimeouts);
        return new Timeouts
        {
            QueueSeconds = fields.Whole("queue_s", missing.QueueSeconds, 1, most.QueueSeconds),
            CloneSeconds = fields.Whole("clone_s", missing.CloneSeconds, 1, most.CloneSeconds),
            BuildSeconds = fields.Whole("build_s", missing.BuildSeconds, 1, most.BuildSeconds),
            StartSeconds = fields.Whole("start_s", missing.StartSeconds, 1, most.StartSeconds),
            // Zero is no limit, and stays within any maximum: the contract offers it by name.
            RunSeconds = fields.Whole("run_s", missing.RunSeconds, 0, most.RunSeconds),
        };
    }

    private BuildResources ReadBuildResources(Fields fields)
    {
        var (missing, most) = (Settings.BuildResources, Settings.MaxResources);
        return new BuildResources
        {
            MemoryMb = fields.Whole("memory_mb", missing.MemoryMb, LeastMemoryMb, most.MemoryMb),
            Cpus = fields.Number("cpus", missing.Cpus, LeastCpus, most.Cpus),
        };
    }

    private Resources ReadResources(Fields fields)
    {
        var (missing, most) = (Settings.Resources, Settings.MaxResources);
        return new Resources
        {
            MemoryMb = fields.Whole("memory_mb", missing.MemoryMb, LeastMemoryMb, most.MemoryMb),
            Cpus = fields.Number("cpus", missing.Cpus, LeastCpus, most.Cpus),
            Pids = fields.Whole("pids", missing.Pids, 1, most.Pids),
        };
    }
}
