using System.Text.Json;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Hooks;

/// <summary>The secrets of hooks: sealed, told once, and compared with what deliveries show.</summary>
public sealed partial class HookVault(
    IHookStore store, SecretSeal seal, TimeProvider time, ILogger<HookVault> logger)
{
    // What deliveries to nobody are compared with, so that the time tells nothing of names.
    private readonly string _nobodys = KeyText.New();

    public static string NewSecret() => KeyText.New();

    public SealedHook Seal(Hook hook, string secret) => new(hook, seal.Seal(secret, About(hook.Name)));

    /// <summary>What judges who sent a delivery that is about to be read.</summary>
    public async Task<SenderProof> ExpectAsync(string name, ForgeRequest request, CancellationToken cancellationToken)
    {
        var hook = await store.FindHookAsync(name, cancellationToken);
        var secret = hook is null ? null : seal.Open(hook.Secret, About(name));
        if (hook is not null && secret is null)
        {
            LogUnreadable(name);
        }

        var signature = new HookSignature(hook?.Forge ?? Forge.Github, request, secret ?? _nobodys, time.GetUtcNow());
        return new SenderProof(signature, secret is null ? null : hook);
    }

    private static string About(string name) => JsonSerializer.Serialize<string[]>(["hook", name]);

    [LoggerMessage(
        LogLevel.Error,
        "A delivery to hook {Name} was refused: its secret is sealed with another key than the one in secrets.key. "
        + "Put your copy of that back, or send the hook again with a secret (PUT /v1/hooks/{Name})")]
    private partial void LogUnreadable(string name);
}
