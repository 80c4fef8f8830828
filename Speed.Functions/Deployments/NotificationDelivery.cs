using System.Text.Json;

namespace Speed.Deployments;

/// <summary>One happening on its way to one receiver.</summary>
/// <param name="Lane">Of one lane one delivery is under way at a time.</param>
/// <param name="MessageId">The same at every attempt, so that a receiver can drop what it has already.</param>
/// <param name="DeploymentId">Null of what happened to SPEED's host.</param>
/// <param name="Data">See <see cref="Happening.Data"/>.</param>
/// <param name="Attempts">That were answered, or not in time.</param>
/// <param name="Failures">In a row since it was asked for: how long the next pause is.</param>
/// <param name="DueIn">Until the next attempt, zero or less where it may begin; null unless pending.</param>
/// <param name="Answer">HTTP status of the last attempt; null where none came.</param>
/// <param name="Error">What went wrong at the last attempt; null where nothing did.</param>
public sealed record NotificationDelivery(
    long Id,
    string Notification,
    string Lane,
    string MessageId,
    long? DeploymentId,
    NotificationEvent Event,
    string Data,
    DateTimeOffset At,
    DeliveryState State,
    int Attempts,
    int Failures,
    TimeSpan? DueIn,
    DateTimeOffset? TriedAt,
    int? Answer,
    string? Error)
{
    /// <summary>Only where there is a deployment.</summary>
    public DeploymentSummary Summary => SummaryOf(Data);

    /// <summary>Only where there is none.</summary>
    public HostSummary OfHost => JsonSerializer.Deserialize<HostSummary>(Data, DeploymentOptions.Json)!;

    internal static DeploymentSummary SummaryOf(string data) =>
        JsonSerializer.Deserialize<DeploymentSummary>(data, DeploymentOptions.Json)!;
}

public enum DeliveryState
{
    /// <summary>Under way, or waiting for its next attempt.</summary>
    Pending,
    Delivered,

    /// <summary>Given up.</summary>
    Failed,
}

/// <param name="Notification">To which one.</param>
public sealed record NewDelivery(Happening Happening, string Notification, string Lane);

/// <summary>How the deployment stood, as far as messages speak of it.</summary>
/// <param name="Unhealthy">What the health check answered; null where it is not told of that.</param>
/// <param name="Restart">Null where it is not told of that.</param>
public sealed record DeploymentSummary(
    long Id, string Url, string? Branch, string? Commit, FailureSummary? Failure, int? ExitCode = null,
    string? Unhealthy = null, Restarting? Restart = null, MissingVolumes? Missing = null);

/// <summary>What a container runs without.</summary>
/// <param name="Paths">Where its volumes should be.</param>
/// <param name="Copy">The commands that copy what is there.</param>
public sealed record MissingVolumes(string Container, IReadOnlyList<string> Paths, string Copy);

public sealed record FailureSummary(string Code, string Message);

/// <summary>What happened to SPEED's host, in a sentence or two.</summary>
/// <param name="Host">The machine's name.</param>
public sealed record HostSummary(string Host, string Message);

/// <summary>What came of an attempt.</summary>
/// <param name="Answer">HTTP status; null where none came.</param>
/// <param name="Error">A sentence or a few words, without secrets; null where all went well.</param>
/// <param name="RetryAfter">What the receiver asked for; null for nothing.</param>
public sealed record AttemptOutcome(AttemptResult Result, int? Answer, string? Error, TimeSpan? RetryAfter = null)
{
    public static AttemptOutcome Refused(string error) => new(AttemptResult.Refused, null, error);
}

public enum AttemptResult
{
    Delivered,

    /// <summary>It may go better later.</summary>
    Failed,

    /// <summary>It would not go better later.</summary>
    Refused,

    /// <summary>The receiver wants to be told nothing any more.</summary>
    Gone,
}
