using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Who is told of deployments. Of an address only the origin is shown: the rest of it may be a key.</summary>
public sealed class NotificationsFunction(NotificationVault vault, NotifySettings settings)
{
    private const string Builtin = "The notification commit-status is built in: Speed__Notify__CommitStatus turns it off.";

    [Function("Notifications")]
    [Needs(Scope.Admin)]
    public async Task<Ok<NotificationList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/notifications")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var all = await vault.ListAsync(cancellationToken);
        return TypedResults.Ok(new NotificationList([.. all.Select(one => NotificationView.Of(one, secret: null))]));
    }

    [Function("AddNotification")]
    [Needs(Scope.Admin)]
    public async Task<Results<Created<NotificationView>, Refusal>> AddAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/notifications")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var wish = NotificationReader.Read(body.Fields, settings);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await vault.AddAsync(wish, cancellationToken) is not var (added, secret))
        {
            return await vault.FindAsync(wish.Name, cancellationToken) is null
                ? new Refusal(409, "TOO_MANY", "There are a hundred notifications: delete one first.")
                : new Refusal(409, "NAME_TAKEN", $"There is a notification {wish.Name} already: take another name.");
        }

        // The others are signed by nobody: their addresses are what is secret.
        return TypedResults.Created(
            $"/v1/notifications/{added.Name}",
            NotificationView.Of(added, added.Format == NotificationFormat.Standard ? secret : null));
    }

    [Function("Notification")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<NotificationView>, Refusal>> GetAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/notifications/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken) =>
        await vault.FindAsync(name, cancellationToken) is { } found
            ? TypedResults.Ok(NotificationView.Of(found, secret: null))
            : NotificationView.NotThere;

    [Function("PutNotification")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<NotificationView>, Refusal>> PutAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/notifications/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var old = await vault.FindAsync(name, cancellationToken);
        var wish = NotificationReader.ReadChange(name, old?.Format, body.Fields, settings);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (old is null)
        {
            return NotificationView.NotThere;
        }

        if (old.Format == NotificationFormat.CommitStatus)
        {
            return new Refusal(409, "BUILT_IN", Builtin);
        }

        return await vault.ReplaceAsync(wish, cancellationToken) is { } changed
            ? TypedResults.Ok(NotificationView.Of(changed, secret: null))
            : new Refusal(
                409,
                "SEALED_WITH_ANOTHER_KEY",
                $"The signing key of {name} does not open with secrets.key: delete it, and add it again.");
    }

    [Function("DeleteNotification")]
    [Needs(Scope.Admin)]
    public async Task<Results<NoContent, Refusal>> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/notifications/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        if (name == Notification.CommitStatus)
        {
            return new Refusal(409, "BUILT_IN", Builtin);
        }

        return await vault.DeleteAsync(name, cancellationToken) ? TypedResults.NoContent() : NotificationView.NotThere;
    }
}

public sealed record NotificationList(IReadOnlyList<NotificationView> Items);
