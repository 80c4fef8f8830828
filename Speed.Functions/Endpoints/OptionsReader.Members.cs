using System.Text.Json;

namespace Speed.Endpoints;

public sealed partial class OptionsReader
{
    private static readonly string[] Members =
    [
        "url", "branch", "commit", "subdirectory", "name", "dockerfile", "dockerfile_text", "target",
        "build_args", "submodules", "clear_cache", "env", "command", "secrets", "network", "init", "kind", "ports", "volumes",
        "health", "ttl_s", "restart", "on_unhealthy", "hosts", "shm_mb", "cap_add", "stop_grace_s", "timeouts", "build_resources", "resources", "labels",
        "inherit",
    ];

    private static readonly (string Name, string[] Members)[] Groups =
    [
        ("health", ["path", "port", "status", "host", "command", "interval_s", "timeout_s", "start_s"]),
        ("timeouts", ["queue_s", "clone_s", "build_s", "start_s", "run_s"]),
        ("build_resources", ["memory_mb", "cpus"]),
        ("resources", ["memory_mb", "cpus", "pids"]),
    ];

    /// <summary>Refuses every member that is no option, in the body and in what it groups.</summary>
    internal static void RefuseUnknown(Fields fields)
    {
        fields.AllowOnly(Members);
        foreach (var (name, members) in Groups)
        {
            if (fields.Find(name) is { ValueKind: JsonValueKind.Object })
            {
                fields.Object(name).AllowOnly(members);
            }
        }
    }
}
