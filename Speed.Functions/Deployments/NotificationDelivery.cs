using System.Text.Json;

namespace Speed.Deployments;

/// <summary>One happening on its way to one receiver.</summary>
/// <param name="Lane">Of one lane one delivery is under way at a time.</param>
/// <param name="MessageId">The same at every attempt, so that a receiver can drop what it has already.</param>
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
    long DeploymentId,
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
    public DeploymentSummary Summary => SummaryOf(Data);

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
public sealed record DeploymentSummary(
    long Id, string Url, string? Branch, string? Commit, FailureSummary? Failure);

public sealed record FailureSummary(string Code, string Message);

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
