using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>A deployment as the resource API shows it: its options as resolved, and where it stands.</summary>
public sealed record DeploymentResource
{
    public required long Id { get; init; }

    public required string Url { get; init; }

    public required string? Branch { get; init; }

    public required string? Commit { get; init; }

    public required string Subdirectory { get; init; }

    /// <summary>Tells services of one repository, branch and subdirectory apart; empty unless one was given.</summary>
    public required string Name { get; init; }

    public required string Dockerfile { get; init; }

    public required string? DockerfileText { get; init; }

    public required string? Target { get; init; }

    public required IReadOnlyDictionary<string, string> BuildArgs { get; init; }

    public required bool Submodules { get; init; }

    public required bool ClearCache { get; init; }

    public required IReadOnlyDictionary<string, string> Env { get; init; }

    public required IReadOnlyList<string> Secrets { get; init; }

    public required IReadOnlyList<string> Command { get; init; }

    public required ContainerNetwork Network { get; init; }

    public required bool? Init { get; init; }

    /// <summary>What <c>auto</c> came to, once the image is known.</summary>
    public required DeploymentKind Kind { get; init; }

    public required IReadOnlyList<PortOption> Ports { get; init; }

    public required IReadOnlyList<VolumeOption> Volumes { get; init; }

    public required HealthOption? Health { get; init; }

    [JsonPropertyName("ttl_s")]
    public required int? TtlSeconds { get; init; }

    public required RestartRule Restart { get; init; }

    public required UnhealthyRule OnUnhealthy { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The name that the proxy knows a service by in any case; null for what is none.</summary>
    public required string? OwnHost { get; init; }

    public required int? ShmMb { get; init; }

    public required IReadOnlyList<string> CapAdd { get; init; }

    [JsonPropertyName("stop_grace_s")]
    public required int? StopGraceSeconds { get; init; }

    public required Timeouts Timeouts { get; init; }

    public required BuildResources BuildResources { get; init; }

    public required Resources Resources { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Whether what it leaves out is taken over from the service whose place it takes.</summary>
    public required bool Inherit { get; init; }

    /// <summary>Null until the commit is known, and where nothing was taken over.</summary>
    public required TakenOverView? TakenOver { get; init; }

    public required string Status { get; init; }

    public required DeploymentPhase? Phase { get; init; }

    public required long Version { get; init; }

    public required int Attempt { get; init; }

    public required RunBy RunBy { get; init; }

    public required Guid WorkerId { get; init; }

    public required string? ImageId { get; init; }

    public required IReadOnlyList<PhaseView> Phases { get; init; }

    public required FailureView? Failure { get; init; }

    public required int? ExitCode { get; init; }

    /// <summary>Where a service is, or was, published.</summary>
    public required IReadOnlyList<EndpointView> Endpoints { get; init; }

    /// <summary>
    /// Which port of the container the proxy asks: the first that answered when the service came up. Null until then, and
    /// where none did: then it is the first of the endpoints.
    /// </summary>
    public required int? ProxyPort { get; init; }

    public required DateTimeOffset? UpAt { get; init; }

    public required long? SupersededBy { get; init; }

    public required Cancellation? Cancel { get; init; }

    public required WaitingView? Waiting { get; init; }

    public required DateTimeOffset? DeadlineAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? EndedAt { get; init; }

    public required LogSummary Log { get; init; }

    public required CanView Can { get; init; }

    public required long? RetryOf { get; init; }

    // All that is never null, and what was asked for.
    [SetsRequiredMembers]
    private DeploymentResource(Deployment deployment, LogSummary log)
    {
        var options = deployment.Options;
        Url = options.Url;
        Branch = deployment.Branch ?? options.Branch;
        Commit = deployment.Commit ?? options.Commit;
        Subdirectory = options.Subdirectory;
        Name = options.Name;
        Dockerfile = options.Dockerfile;
        DockerfileText = options.DockerfileText;
        Target = options.Target;
        BuildArgs = options.BuildArgs;
        Submodules = options.Submodules;
        ClearCache = options.ClearCache;
        Env = options.Env;
        Secrets = options.Secrets;
        Command = options.Command;
        Network = options.Network;
        Init = options.Init;
        Kind = deployment.Kind ?? options.Kind;
        Ports = options.Ports;
        Volumes = options.Volumes;
        Health = options.Health;
        TtlSeconds = options.TtlSeconds;
        Restart = deployment.Restart;
        OnUnhealthy = options.OnUnhealthy;
        Hosts = options.Hosts;
        OwnHost = deployment.OwnHosts is [var host, ..] ? host : null;
        ShmMb = options.ShmMb;
        CapAdd = options.CapAdd;
        StopGraceSeconds = options.StopGraceSeconds;
        Timeouts = options.Timeouts;
        BuildResources = options.BuildResources;
        Resources = options.Resources;
        Labels = options.Labels;
        Inherit = options.Inherit ?? false;
        TakenOver = deployment.TakenOver is { } taken ? new TakenOverView(taken.From, taken.Members) : null;
        Status = deployment.Status.ToString();
        Phases = [.. deployment.Phases.Select(PhaseView.Of)];
        Endpoints = [.. deployment.Endpoints.Select(port => new EndpointView(port.Container, port.Url))];
        Log = log;
        Can = CanView.Of(deployment);
    }

    internal static DeploymentResource Of(Deployment deployment, Waiting? waiting, LogSummary log) =>
        new(deployment, log)
        {
            Id = deployment.Id,
            Phase = deployment.Phase,
            Version = deployment.Version,
            Attempt = deployment.Attempt,
            RunBy = deployment.RunBy,
            WorkerId = deployment.WorkerId,
            ImageId = deployment.ImageId,
            Failure = FailureView.Of(deployment.Failure),
            ExitCode = deployment.ExitCode,
            ProxyPort = deployment.ProxyPort,
            UpAt = deployment.UpAt,
            SupersededBy = deployment.SupersededBy,
            Cancel = deployment.Cancel,
            Waiting = waiting is null ? null : new WaitingView(waiting.Position, waiting.Reason, waiting.EtaAt),
            DeadlineAt = deployment.DeadlineAt,
            CreatedAt = deployment.CreatedAt,
            StartedAt = deployment.StartedAt,
            EndedAt = deployment.EndedAt,
            RetryOf = deployment.RetryOf,
        };
}

public sealed record PhaseView(DeploymentPhase Name, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string Status)
{
    internal static PhaseView Of(PhaseRecord phase) => new(phase.Name, phase.StartedAt, phase.EndedAt, phase.Status);
}

/// <param name="From">The deployment that had it.</param>
/// <param name="Members">By name; what they are stands in the members themselves.</param>
public sealed record TakenOverView(long From, IReadOnlyList<string> Members);

/// <param name="Container">The port that the program listens on.</param>
public sealed record EndpointView(int Container, string Url);

public sealed record FailureView(
    string Code, string Fault, DeploymentPhase? Phase, int? ExitCode, string Message, string? Hint, long? LogLine)
{
    internal static FailureView? Of(Failure? failure) => failure is null
        ? null
        : new FailureView(
            failure.Code.Wire, failure.Code.Fault, failure.Phase, failure.ExitCode, failure.Message, failure.Hint,
            failure.LogLine);
}

/// <param name="EtaAt">When it may start; null where nothing sensible can be said.</param>
public sealed record WaitingView(int Position, string Reason, DateTimeOffset? EtaAt);

/// <summary>What may be asked of the deployment now.</summary>
public sealed record CanView(bool Cancel, bool Retry)
{
    internal static CanView Of(Deployment deployment) =>
        new(!deployment.Status.IsFinal, deployment.RetryOptions is not null);
}
