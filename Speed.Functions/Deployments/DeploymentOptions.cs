using System.Text.Json;
using System.Text.Json.Serialization;

namespace Speed.Deployments;

/// <summary>What was asked for, every default filled in. Stored with the deployment and never changed.</summary>
public sealed record DeploymentOptions
{
    /// <summary>How options are stored and shown: snake case, lower-case words, no nulls left out.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // PATH and path are two variables.
        PropertyNameCaseInsensitive = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Where git fetches from, as given.</summary>
    public required string Url { get; init; }

    /// <summary>A branch, or else a tag. Null: the remote's HEAD.</summary>
    public string? Branch { get; init; }

    /// <summary>40 or 64 hexadecimal digits. Null: the head of the branch.</summary>
    public string? Commit { get; init; }

    /// <summary>The build context: a path inside the repository, <c>.</c> for all of it.</summary>
    public string Subdirectory { get; init; } = ".";

    /// <summary>
    /// Tells services of one repository, branch and subdirectory apart. Empty, or 1 to 30 lower-case letters, digits and
    /// hyphens, with none of those at an end.
    /// </summary>
    public string Name { get; init; } = "";

    /// <summary>Relative to <see cref="Subdirectory"/>.</summary>
    public string Dockerfile { get; init; } = "Dockerfile";

    /// <summary>Stands in for the file at <see cref="Dockerfile"/>. Null: the repository's own.</summary>
    public string? DockerfileText { get; init; }

    /// <summary>The stage to build. Null: the last one.</summary>
    public string? Target { get; init; }

    public IReadOnlyDictionary<string, string> BuildArgs { get; init; } = new SortedDictionary<string, string>();

    /// <summary>True: the repository's submodules are fetched too, and theirs.</summary>
    public bool Submodules { get; init; }

    /// <summary>True: nothing built before is used, and base images are pulled anew.</summary>
    public bool ClearCache { get; init; }

    public IReadOnlyDictionary<string, string> Env { get; init; } = new SortedDictionary<string, string>();

    /// <summary>Names of secrets that become environment variables.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>Replaces the image's CMD. Empty: the image's own.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    public ContainerNetwork Network { get; init; } = ContainerNetwork.Bridge;

    /// <summary>Whether a small init runs as process 1. Null: yes, unless the image's entrypoint is one.</summary>
    public bool? Init { get; init; }

    public DeploymentKind Kind { get; init; }

    /// <summary>Empty: every port that the image exposes. Of services.</summary>
    public IReadOnlyList<PortOption> Ports { get; init; } = [];

    public IReadOnlyList<VolumeOption> Volumes { get; init; } = [];

    /// <summary>Null: the image's own HEALTHCHECK, or else ten seconds alive and a connection to a port.</summary>
    public HealthOption? Health { get; init; }

    /// <summary>How long a service stays up. Null: until something ends it.</summary>
    [JsonPropertyName("ttl_s")]
    public int? TtlSeconds { get; init; }

    /// <summary>Null where nothing was said: <see cref="RestartRule.OnFailure"/> for a service, never for a job.</summary>
    public RestartRule? Restart { get; init; }

    public UnhealthyRule OnUnhealthy { get; init; }

    /// <summary>Names under which the proxy finds a service, beside the one it has by itself. In lower case.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Of <c>/dev/shm</c>, in mebibytes. Null: the engine's own 64.</summary>
    public int? ShmMb { get; init; }

    /// <summary>Capabilities of Linux beside those that every container has, by their names in <see cref="Capabilities"/>.</summary>
    public IReadOnlyList<string> CapAdd { get; init; } = [];

    /// <summary>How long the program has to end when it is asked to, before it is killed. Null: ten seconds.</summary>
    [JsonPropertyName("stop_grace_s")]
    public int? StopGraceSeconds { get; init; }

    public required Timeouts Timeouts { get; init; }

    public required BuildResources BuildResources { get; init; }

    public required Resources Resources { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new SortedDictionary<string, string>();

    /// <summary>
    /// Whether what is left out is taken over from the service whose place it takes. Null of those that were asked for
    /// before there was a choice: they take nothing over.
    /// </summary>
    public bool? Inherit { get; init; }

    /// <summary>Which of <see cref="Inheritance.Members"/> were given, even as empty ones.</summary>
    public IReadOnlyList<string> Given { get; init; } = [];

    /// <summary>How long it may take until it is up or ended; null where its run has no limit.</summary>
    [JsonIgnore]
    public TimeSpan? Total => Kind == DeploymentKind.Service
        ? Timeouts.UntilStarted
        : Timeouts.UntilStarted + (Timeouts.RunSeconds == 0 ? null : TimeSpan.FromSeconds(Timeouts.RunSeconds));
}

public enum ContainerNetwork
{
    /// <summary>A bridge of SPEED's own, on which containers cannot reach each other.</summary>
    Bridge,
    None,
}

/// <summary>How long each part of a deployment may take, in seconds.</summary>
public sealed record Timeouts
{
    [JsonPropertyName("queue_s")]
    public int QueueSeconds { get; init; } = 86_400;

    [JsonPropertyName("clone_s")]
    public int CloneSeconds { get; init; } = 300;

    [JsonPropertyName("build_s")]
    public int BuildSeconds { get; init; } = 1_800;

    [JsonPropertyName("start_s")]
    public int StartSeconds { get; init; } = 120;

    /// <summary>Zero: no limit.</summary>
    [JsonPropertyName("run_s")]
    public int RunSeconds { get; init; } = 3_600;

    /// <summary>All but the run.</summary>
    [JsonIgnore]
    public TimeSpan UntilStarted =>
        TimeSpan.FromSeconds((double)QueueSeconds + CloneSeconds + BuildSeconds + StartSeconds);
}

/// <summary>What a build may use: mebibytes of memory, and processors (0.5 is half of one).</summary>
public record BuildResources
{
    public int MemoryMb { get; init; }

    public double Cpus { get; init; }
}

/// <summary>What a container may use.</summary>
public sealed record Resources : BuildResources
{
    /// <summary>Processes and threads.</summary>
    public int Pids { get; init; }
}
