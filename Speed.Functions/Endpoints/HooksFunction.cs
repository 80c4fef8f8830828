using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Azure.Functions.Worker;
using Speed.Hooks;
using Speed.Security;

namespace Speed.Endpoints;

/// <summary>Hooks: which pushes are deployed. Their secrets are told once, where they are made.</summary>
public sealed class HooksFunction(IHookStore store, HookVault vault, HookReader reader)
{
    internal static readonly Refusal NoHook = new(404, "NOT_FOUND", "Hook not found");

    [Function("Hooks")]
    [Needs(Scope.Admin)]
    public async Task<Ok<HookList>> ListAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/hooks")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var hooks = await store.ListHooksAsync(cancellationToken);
        return TypedResults.Ok(new HookList([.. hooks.Select(hook => HookView.Of(hook, request))]));
    }

    [Function("AddHook")]
    [Needs(Scope.Admin)]
    public async Task<Results<Created<HookView>, Refusal>> AddAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/hooks")] HttpRequest request,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var (hook, given, refusal) = await reader.ReadAsync(body, name: null, cancellationToken);
        if (hook is null)
        {
            return refusal!;
        }

        var secret = given ?? HookVault.NewSecret();
        return await store.AddHookAsync(vault.Seal(hook, secret), cancellationToken)
            ? TypedResults.Created($"/v1/hooks/{hook.Name}", HookView.Of(hook, request) with { Secret = secret })
            : new Refusal(409, "HOOK_EXISTS", $"Hook {hook.Name} exists: change it with PUT /v1/hooks/{hook.Name}.");
    }

    [Function("Hook")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<HookView>, Refusal>> GetAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/hooks/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken) =>
        await store.FindHookAsync(name, cancellationToken) is { } hook
            ? TypedResults.Ok(HookView.Of(hook, request))
            : NoHook;

    /// <summary>Without a secret the hook keeps the one that it has.</summary>
    [Function("PutHook")]
    [Needs(Scope.Admin)]
    public async Task<Results<Ok<HookView>, Refusal>> PutAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/hooks/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken)
    {
        var body = await Body.ReadAsync(request, cancellationToken);
        var (hook, secret, refusal) = await reader.ReadAsync(body, name, cancellationToken);
        if (hook is null)
        {
            return refusal!;
        }

        if (await store.FindHookAsync(name, cancellationToken) is not { } old)
        {
            return NoHook;
        }

        hook = hook with { CreatedAt = old.CreatedAt };
        var changed = secret is null ? new SealedHook(hook, old.Secret) : vault.Seal(hook, secret);
        return await store.ReplaceHookAsync(changed, cancellationToken)
            ? TypedResults.Ok(HookView.Of(hook, request))
            : NoHook;
    }

    [Function("DeleteHook")]
    [Needs(Scope.Admin)]
    public async Task<Results<NoContent, Refusal>> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/hooks/{name}")] HttpRequest request,
        string name,
        CancellationToken cancellationToken) =>
        await store.DeleteHookAsync(name, cancellationToken) ? TypedResults.NoContent() : NoHook;
}
