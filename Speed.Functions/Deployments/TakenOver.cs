using System.Text.Json;
using System.Text.Json.Serialization;

namespace Speed.Deployments;

/// <summary>
/// What a deployment has of the service whose place it takes, since it left that out itself. A member is null where nothing
/// of it was taken over.
/// </summary>
public sealed record TakenOver
{
    /// <summary>How it is stored: as options are, without what is null.</summary>
    public static JsonSerializerOptions Json { get; } = new(DeploymentOptions.Json)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The deployment that had it.</summary>
    public required long From { get; init; }

    public IReadOnlyList<VolumeOption>? Volumes { get; init; }

    public IReadOnlyList<string>? Hosts { get; init; }

    public IReadOnlyDictionary<string, string>? Env { get; init; }

    public IReadOnlyList<string>? Secrets { get; init; }

    public IReadOnlyList<PortOption>? Ports { get; init; }

    public HealthOption? Health { get; init; }

    public RestartRule? Restart { get; init; }

    public UnhealthyRule? OnUnhealthy { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public Resources? Resources { get; init; }

    public int? ShmMb { get; init; }

    public IReadOnlyList<string>? CapAdd { get; init; }

    [JsonPropertyName("stop_grace_s")]
    public int? StopGraceSeconds { get; init; }

    /// <summary>Service where that was asked for: what is to take the place of a service is one.</summary>
    public DeploymentKind? Kind { get; init; }

    /// <summary>What was left behind or became smaller, and why: parts of a sentence.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The names of the members that were taken over.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Members => [.. Parts().Select(part => part.Member)];

    /// <summary>The options that a deployment has, of those that were asked for.</summary>
    public DeploymentOptions ApplyTo(DeploymentOptions asked) => asked with
    {
        Volumes = Volumes ?? asked.Volumes,
        Hosts = Hosts ?? asked.Hosts,
        Env = Env ?? asked.Env,
        Secrets = Secrets ?? asked.Secrets,
        Ports = Ports ?? asked.Ports,
        Health = Health ?? asked.Health,
        Restart = Restart ?? asked.Restart,
        OnUnhealthy = OnUnhealthy ?? asked.OnUnhealthy,
        Labels = Labels ?? asked.Labels,
        Resources = Resources ?? asked.Resources,
        ShmMb = ShmMb ?? asked.ShmMb,
        CapAdd = CapAdd ?? asked.CapAdd,
        StopGraceSeconds = StopGraceSeconds ?? asked.StopGraceSeconds,
        Kind = Kind ?? asked.Kind,
        Given = [.. Inheritance.Members.Where(name => asked.Given.Contains(name) || Members.Contains(name))],
    };

    /// <summary>For the log: all of it by name, and the way out. Values of variables and labels are not told.</summary>
    public string Tell()
    {
        var parts = string.Join(
            ", ", Parts().Select(part => part.Detail is null ? part.Member : $"{part.Member} ({part.Detail})"));
        var taken = parts.Length == 0
            ? ""
            : $"Taken over from deployment {From}, the last of this service that was up: {parts}. `inherit: false` asks for "
                + "a fresh one; what is given, as [] or {} too, is not taken over.";
        var left = Notes.Count == 0 ? "" : $"Not all was taken over from deployment {From}: {string.Join("; ", Notes)}.";
        return $"{taken} {left}".Trim();
    }

    private IEnumerable<(string Member, string? Detail)> Parts()
    {
        (string, string?)?[] all =
        [
            Volumes is null ? null : ("volumes", List(Volumes.Select(one => $"{one.Name} at {one.Path}"))),
            Hosts is null ? null : ("hosts", List(Hosts)),
            Env is null ? null : ("env", List(Env.Keys)),
            Secrets is null ? null : ("secrets", List(Secrets)),
            Ports is null ? null : ("ports", List(Ports.Select(one => one.Host is null ? $"{one.Container}" : $"{one.Host}:{one.Container}"))),
            Health is null ? null : ("health", null),
            Restart is null ? null : ("restart", WordOf(Restart)),
            OnUnhealthy is null ? null : ("on_unhealthy", WordOf(OnUnhealthy)),
            Labels is null ? null : ("labels", List(Labels.Keys)),
            Resources is null
                ? null
                : ("resources", FormattableString.Invariant(
                    $"{Resources.MemoryMb} MB, {Resources.Cpus} cpus, {Resources.Pids} pids")),
            ShmMb is null ? null : ("shm_mb", FormattableString.Invariant($"{ShmMb}")),
            CapAdd is null ? null : ("cap_add", List(CapAdd)),
            StopGraceSeconds is null ? null : ("stop_grace_s", FormattableString.Invariant($"{StopGraceSeconds}")),
            Kind is null ? null : ("kind", "service"),
        ];
        return all.OfType<(string, string?)>();
    }

    private static string WordOf<T>(T value) => JsonSerializer.SerializeToElement(value, Json).GetString()!;

    private static string List(IEnumerable<string> items) => string.Join(", ", items);
}
