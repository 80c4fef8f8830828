using System.Text.Json.Serialization;

namespace Speed.Deployments;

/// <summary>What a deployment is: a program that ends, or one that stays up.</summary>
public enum DeploymentKind
{
    /// <summary>A service if ports or health are asked for, or the image has EXPOSE or HEALTHCHECK; else a job.</summary>
    Auto,
    Job,
    Service,
}

/// <summary>What follows an exit of a service that was up.</summary>
public enum RestartRule
{
    No,
    /// <summary>After an exit code other than 0 it is started again, after growing pauses.</summary>
    [JsonStringEnumMemberName("on-failure")]
    OnFailure,
    /// <summary>After an exit code of 0, too.</summary>
    Always,
}

/// <summary>What follows where a service that is up is no longer well.</summary>
public enum UnhealthyRule
{
    /// <summary>It stays up: its log says so, and others are told.</summary>
    Stay,
    /// <summary>It is stopped and started again, as after an exit.</summary>
    Restart,
}

/// <summary>How a service that was up is started again.</summary>
/// <param name="ExitCode">Of its program; null where it did not end by itself.</param>
/// <param name="Try">Of those that are counted since it was last up for long, from 1; null where this one is not.</param>
/// <param name="PauseSeconds">Before it is started.</param>
public sealed record Restarting(
    RestartReason Reason, int? ExitCode, int? Try, [property: JsonPropertyName("pause_s")] int PauseSeconds);

public enum RestartReason
{
    /// <summary>Its program ended.</summary>
    Exit,

    /// <summary>The engine or SPEED went away, and the service with it.</summary>
    Interrupted,

    /// <summary>SPEED stopped it for want of room on a disk; it is started once there is.</summary>
    DiskFull,

    /// <summary>Its health check failed, and it is to be started again then; or a start of it did not come up in time.</summary>
    Unhealthy,

    /// <summary>Its container could not be started.</summary>
    NotStarted,
}

/// <summary>A TCP port of the container that is published on 127.0.0.1.</summary>
/// <param name="Host">Null: a free one.</param>
public sealed record PortOption(int Container, int? Host);

/// <summary>A volume of one service, which outlives its containers.</summary>
/// <param name="Path">Where it is in the container.</param>
public sealed record VolumeOption(string Name, string Path);

/// <summary>How SPEED tells that a service is up: by a request to <see cref="Path"/>, or by <see cref="Command"/>.</summary>
public sealed record HealthOption
{
    public const int FailuresInARow = 3;

    /// <summary>Asked for by HTTP. Null where there is a command.</summary>
    public string? Path { get; init; }

    /// <summary>Of the container. Null: the only one, or the first that answers.</summary>
    public int? Port { get; init; }

    /// <summary>The name that the path is asked under. Null: the first of the hosts, else the service's own name.</summary>
    public string? Host { get; init; }

    /// <summary>The status that is good. Null: any from 200 to 399.</summary>
    public int? Status { get; init; }

    /// <summary>Runs in the container; exit code 0 is good. Empty where there is a path.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    [JsonPropertyName("interval_s")]
    public int IntervalSeconds { get; init; } = 2;

    [JsonPropertyName("timeout_s")]
    public int TimeoutSeconds { get; init; } = 5;

    /// <summary>
    /// For so long a failing probe says nothing; after it, three in a row are the end of a start. Null: as long as the
    /// start may take.
    /// </summary>
    [JsonPropertyName("start_s")]
    public int? StartSeconds { get; init; }
}

/// <summary>A port of a container, and where it is published on this machine.</summary>
public sealed record PublishedPort(int Container, int Host)
{
    /// <summary>A loopback address: 127.0.0.1 unless the operator named another one when it was published.</summary>
    public string Address { get; init; } = "127.0.0.1";

    [JsonIgnore]
    public string Url => $"http://{Address}:{Host}";
}
