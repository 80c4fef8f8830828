using Microsoft.Extensions.Configuration;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Which engine builds and runs, and how far it trusts what it runs. Read once, at the start.
/// </summary>
public sealed record DockerOptions
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>
    /// <c>unix:///path</c>, <c>npipe://./pipe/name</c> or <c>tcp://host:port</c>. Unless set: <c>DOCKER_HOST</c>,
    /// else the local socket, on Windows the local pipe.
    /// </summary>
    public string Endpoint { get; init; } = LocalEndpoint;

    public Sandbox Sandbox { get; init; } = Sandbox.Standard;

    /// <summary>
    /// Registries on private addresses that a Dockerfile may name: <c>host</c> or <c>host:port</c>.
    /// </summary>
    public IReadOnlyList<string> AllowedRegistries { get; init; } = [];

    /// <summary>Hosts on private addresses that an ADD may name. None unless set.</summary>
    public HostList AllowedHosts { get; init; } = new([]);

    /// <summary>Capabilities that a deployment may have beside the sandbox's own.</summary>
    public IReadOnlyList<string> AllowedCapabilities { get; init; } = Capabilities.Harmless;

    /// <summary>What the RUN steps of a build reach. Null: what the sandbox has it.</summary>
    public BuildNetwork? BuildNetwork { get; init; }

    /// <summary>True unless set otherwise; in the strict sandbox false unless set otherwise.</summary>
    public bool BuildsHaveNetwork => BuildNetwork is { } network
        ? network == Runners.BuildNetwork.Bridge
        : Sandbox == Sandbox.Standard;

    /// <summary>
    /// Images of the engine that are for every deployment, as patterns of whole names; any other is asked for at its
    /// registry. All of them where no keys are required, for then everybody is one person.
    /// </summary>
    public IReadOnlyList<string> LocalImages { get; init; } = ["docker.io/library/*", "mcr.microsoft.com/*"];

    /// <summary>
    /// The most bytes kept of a deployment's log; the engine's own buffer is eight times that.
    /// </summary>
    public long LogMaxBytes { get; init; } = 64 * Mebibyte;

    private static string LocalEndpoint =>
        OperatingSystem.IsWindows() ? "npipe://./pipe/docker_engine" : "unix:///var/run/docker.sock";

    /// <summary>
    /// From <c>Speed:Docker</c>. Throws <see cref="InvalidOperationException"/> with a sentence that names the
    /// setting that is out of range.
    /// </summary>
    public static DockerOptions Read(IConfiguration configuration) => new()
    {
        Endpoint = ReadEndpoint(configuration),
        Sandbox = ReadSandbox(configuration["Speed:Docker:Sandbox"]),
        AllowedRegistries = (configuration["Speed:Docker:AllowedRegistries"] ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        LocalImages = ReadLocalImages(configuration),
        AllowedHosts = ReadAllowedHosts(configuration["Speed:Docker:AllowedHosts"]),
        BuildNetwork = ReadBuildNetwork(configuration["Speed:Docker:BuildNetwork"]),
        AllowedCapabilities = Capabilities.ReadAllowed(configuration),
        LogMaxBytes = ReadLogMaxBytes(configuration["Speed:Log:MaxBytes"]),
    };

    private static IReadOnlyList<string> ReadLocalImages(IConfiguration configuration)
    {
        var patterns = (configuration["Speed:Docker:LocalImages"] ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (patterns.Length == 0)
        {
            var isOff = configuration["Speed:Auth"]?.Equals("off", StringComparison.OrdinalIgnoreCase) == true;
            return isOff ? ["*"] : new DockerOptions().LocalImages;
        }

        // One that no whole name begins like would have no effect, and nobody would see why.
        return patterns.FirstOrDefault(pattern => !IsOfWholeNames(pattern)) is { } wrong
            ? throw new InvalidOperationException(
                $"Speed__Docker__LocalImages has '{wrong}': it takes patterns of whole names, registry first, such as "
                + "docker.io/library/* or registry.example.com/base:*, or the word none.")
            : patterns is ["none"] ? [] : patterns;
    }

    private static bool IsOfWholeNames(string pattern)
    {
        var first = pattern.Split('/')[0];
        return first.Contains('*') || pattern == "none"
            || (first != pattern && (first.AsSpan().ContainsAny('.', ':') || first == "localhost"));
    }

    private static string ReadEndpoint(IConfiguration configuration)
    {
        var (name, endpoint) = ("Speed__Docker__Endpoint", configuration["Speed:Docker:Endpoint"]);
        if (string.IsNullOrEmpty(endpoint))
        {
            (name, endpoint) = ("DOCKER_HOST", configuration["DOCKER_HOST"]);
        }

        if (string.IsNullOrEmpty(endpoint))
        {
            return LocalEndpoint;
        }

        var known = Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
            && uri.Scheme is "unix" or "npipe" or "tcp" or "http";
        return known ? endpoint : throw new InvalidOperationException(
            $"{name} is '{endpoint}': it must be unix:///path, npipe://./pipe/name or tcp://host:port. "
            + "For an engine behind TLS or SSH, forward its socket to this host.");
    }

    private static Sandbox ReadSandbox(string? text) => text switch
    {
        null or "" => Sandbox.Standard,
        _ when text.Equals("standard", StringComparison.OrdinalIgnoreCase) => Sandbox.Standard,
        _ when text.Equals("strict", StringComparison.OrdinalIgnoreCase) => Sandbox.Strict,
        _ => throw new InvalidOperationException(
            $"Speed__Docker__Sandbox is '{text}': it must be 'standard' or 'strict'."),
    };

    private static HostList ReadAllowedHosts(string? text)
    {
        string[] hosts = (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return hosts.FirstOrDefault(host => HostList.Parse(host) is null) is { } wrong
            ? throw new InvalidOperationException(
                $"Speed__Docker__AllowedHosts is '{text}': '{wrong}' is neither host nor host:port.")
            : new HostList(hosts);
    }

    private static BuildNetwork? ReadBuildNetwork(string? text) => text switch
    {
        null or "" => null,
        _ when text.Equals("bridge", StringComparison.OrdinalIgnoreCase) => Runners.BuildNetwork.Bridge,
        _ when text.Equals("none", StringComparison.OrdinalIgnoreCase) => Runners.BuildNetwork.None,
        _ => throw new InvalidOperationException(
            $"Speed__Docker__BuildNetwork is '{text}': it must be 'bridge' or 'none'."),
    };

    private static long ReadLogMaxBytes(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return 64 * Mebibyte;
        }

        return long.TryParse(text, out var bytes) && bytes is >= Mebibyte and <= 4096 * Mebibyte
            ? bytes
            : throw new InvalidOperationException(
                $"Speed__Log__MaxBytes is '{text}': it must be a number of bytes from 1048576 to 4294967296.");
    }
}

/// <summary>How tightly a container is held.</summary>
public enum Sandbox
{
    /// <summary>Ordinary images run; BuildKit builds.</summary>
    Standard,

    /// <summary>
    /// For strangers' code: nobody's user, a read-only root, no network; the legacy builder with limits.
    /// </summary>
    Strict,
}

/// <summary>What the RUN steps of a build reach.</summary>
public enum BuildNetwork
{
    /// <summary>What the engine's own network leads to, the LAN too.</summary>
    Bridge,

    /// <summary>Nothing but themselves.</summary>
    None,
}
