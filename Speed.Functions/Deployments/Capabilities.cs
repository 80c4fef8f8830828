using Microsoft.Extensions.Configuration;

namespace Speed.Deployments;

/// <summary>
/// Capabilities of Linux that a deployment may ask for beside those that every container has, as far as the operator lets it.
/// </summary>
public static class Capabilities
{
    private const string Prefix = "CAP_";

    /// <summary>All that can be allowed. With any other a program could leave its container.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [
        "AUDIT_WRITE", "FSETID", "IPC_LOCK", "MKNOD", "NET_ADMIN", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT", "SYS_NICE",
        "SYS_PTRACE",
    ];

    /// <summary>Those that touch nothing but what is in the container.</summary>
    public static IReadOnlyList<string> Harmless { get; } = ["FSETID", "IPC_LOCK", "SYS_CHROOT"];

    /// <summary>Its name here, however it is spelled; null where it is none of <see cref="Known"/>.</summary>
    public static string? Normalize(string name)
    {
        var upper = name.ToUpperInvariant();
        var bare = upper.StartsWith(Prefix, StringComparison.Ordinal) ? upper[Prefix.Length..] : upper;
        return Known.Contains(bare) ? bare : null;
    }

    /// <summary>
    /// What the operator allows: <c>Speed:Docker:AllowedCapabilities</c>, or the word <c>none</c>. Unless set: those that are
    /// harmless, in the strict sandbox none.
    /// </summary>
    public static IReadOnlyList<string> ReadAllowed(IConfiguration configuration)
    {
        var docker = new SettingsReader(configuration.GetSection("Speed:Docker"));
        if (docker.List("AllowedCapabilities") is not { } names)
        {
            return "strict".Equals(docker.Text("Sandbox"), StringComparison.OrdinalIgnoreCase) ? [] : Harmless;
        }

        return names is ["none"]
            ? []
            :
            [
                .. names.Select(name => Normalize(name) ?? throw docker.Unusable(
                    "AllowedCapabilities", $"has '{name}': it takes {string.Join(", ", Known)}, or the word none.")),
            ];
    }
}
