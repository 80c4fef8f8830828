using System.Text.RegularExpressions;

namespace Speed.Runners;

/// <summary>What a registry says to whether we may have an image.</summary>
/// <param name="Reason">Why not, in words that follow a colon; null where we may.</param>
/// <param name="IsSilence">True where it did not say: in a minute it may. False for a refusal.</param>
internal sealed partial record RegistryAnswer(string? Reason, bool IsSilence = false)
{
    public bool IsYes => Reason is null;

    /// <summary>The registry's own digest of what we may have; null where it was not told.</summary>
    public string? Digest { get; init; }

    /// <summary>Whether a login went with the question; null where nothing was asked.</summary>
    public bool? HadLogin { get; init; }

    /// <summary>True where it was asked without a login: what it lets us have, it lets everybody have.</summary>
    public bool IsForEverybody { get; init; }

    public static RegistryAnswer Yes { get; } = new(Reason: null);

    public static RegistryAnswer Silence(string reason) => new(reason, IsSilence: true);

    /// <summary>
    /// From the words of an engine that could not get an image. All that is not known to be a silence is a refusal: what a
    /// registry let us have before counts only where it does not answer.
    /// </summary>
    public static RegistryAnswer Of(string reason) => new(reason.Trim(), WordsOfSilence().IsMatch(reason));

    // Go's words for connections, and those of docker/distribution (registry/client/errors.go) for what a registry answers
    // that is at its end. No name of an image has a space in it.
    [GeneratedRegex(
        @"dial (tcp|udp) |lookup \S+: |: EOF$|: unexpected EOF|no such host|server misbehaving|i/o timeout"
        + @"|connect: |connection re(fused|set)|no route to host|network is unreachable|handshake timeout"
        + @"|\(Client\.Timeout exceeded |context deadline exceeded|HTTP status: (429|5[0-9]{2})\b|toomanyrequests: ",
        RegexOptions.CultureInvariant)]
    private static partial Regex WordsOfSilence();
}
