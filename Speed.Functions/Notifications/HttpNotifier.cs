using Speed.Deployments;
using Speed.Outgoing;

namespace Speed.Notifications;

/// <summary>Tells others over HTTP: in the words of the format, where it may go, and what the answer means.</summary>
public sealed class HttpNotifier(GuardedClient client, NotifySettings settings, TimeProvider time) : INotifier
{
    public async Task<AttemptOutcome> SendAsync(
        NotificationDelivery delivery, NotificationTarget target, CancellationToken cancellationToken)
    {
        try
        {
            return target switch
            {
                NotificationTarget.Receiver receiver => await TellAsync(delivery, receiver, cancellationToken),
                NotificationTarget.Commit commit => await SetStatusAsync(delivery, commit.Login, cancellationToken),
                _ => throw new ArgumentException("There is no way to such a target.", nameof(target)),
            };
        }
        catch (AddressRefusedException fault)
        {
            return AttemptOutcome.Refused(fault.Message);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return new AttemptOutcome(AttemptResult.Failed, null, fault.Message);
        }
    }

    private async Task<AttemptOutcome> TellAsync(
        NotificationDelivery delivery, NotificationTarget.Receiver receiver, CancellationToken cancellationToken)
    {
        // Again: what the operator allows may have changed since it was kept.
        if (settings.FindUrlFault(receiver.Url) is { } fault)
        {
            return AttemptOutcome.Refused(fault);
        }

        var link = settings.LinkTo(delivery.DeploymentId);
        using var request = receiver.Format switch
        {
            NotificationFormat.Slack => ChatMessage.ForSlack(receiver.Url, delivery, link),
            NotificationFormat.Discord => ChatMessage.ForDiscord(receiver.Url, delivery, link),
            _ => StandardMessage.Of(receiver, delivery, link, time.GetUtcNow()),
        };
        var mayBePrivate = settings.AllowedHosts.Names(RepositoryUrl.Parse(receiver.Url));
        return OfReceiver(await client.SendAsync(request, mayBePrivate, cancellationToken));
    }

    private async Task<AttemptOutcome> SetStatusAsync(
        NotificationDelivery delivery, Credential login, CancellationToken cancellationToken)
    {
        var summary = delivery.Summary;
        var repository = RepositoryUrl.Parse(summary.Url);
        if (settings.ForgeOf(repository) is not { } forge)
        {
            return AttemptOutcome.Refused($"Which kind of forge `{repository.Host}` is, is not known any more.");
        }

        var status = new CommitStatus(forge, repository, summary, delivery.Event, settings.LinkTo(summary.Id));
        if (status.FindFault(settings.AllowedGitHosts.Names(repository)) is { } fault)
        {
            return AttemptOutcome.Refused(fault);
        }

        using var request = status.ToRequest(login);
        var mayBePrivate = status.IsAtItsRepository && settings.AllowedGitHosts.Names(repository);
        return OfForge(forge, await client.SendAsync(request, mayBePrivate, cancellationToken));
    }

    private static AttemptOutcome OfReceiver(GuardedAnswer answer) => answer.Status switch
    {
        >= 200 and < 300 => new(AttemptResult.Delivered, answer.Status, null),
        410 => new(AttemptResult.Gone, answer.Status, "The receiver is gone for good: it answered 410."),
        _ => Failed(answer),
    };

    // What a forge refuses it will refuse tomorrow, too.
    private static AttemptOutcome OfForge(Forge forge, GuardedAnswer answer) => answer.Status switch
    {
        >= 200 and < 300 => new(AttemptResult.Delivered, answer.Status, null),

        // It has it already, by an attempt whose answer was lost.
        400 when forge == Forge.Gitlab && answer.Start.Contains("Cannot transition status", StringComparison.Ordinal) =>
            new(AttemptResult.Delivered, answer.Status, null),
        401 or 403 => new(
            AttemptResult.Refused, answer.Status, $"The forge answered {answer.Status}: may the secret's token set statuses?"),
        404 => new(
            AttemptResult.Refused, answer.Status, "The forge answered 404: does the secret's token reach the repository?"),
        408 or 429 or >= 500 => Failed(answer),
        _ => Failed(answer) with { Result = AttemptResult.Refused },
    };

    private static AttemptOutcome Failed(GuardedAnswer answer) => new(
        AttemptResult.Failed,
        answer.Status,
        answer.Status is >= 300 and < 400
            ? $"It answered {answer.Status}: redirects are not followed."
            : $"It answered {answer.Status}.",
        answer.RetryAfter);
}
