using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// What ADD fetches from elsewhere. The engine fetches it, with the host's own network: so only from public
/// addresses, and in the strict sandbox not at all.
/// </summary>
internal static partial class RemoteSources
{
    /// <summary>
    /// The sources of an ADD that are not files of the context, or that nobody can tell; else empty.
    /// </summary>
    /// <param name="values">The variables that are known there.</param>
    public static IEnumerable<RemoteSource> In(
        Instruction instruction, IReadOnlyDictionary<string, string> values, char escape)
    {
        if (instruction.Keyword != "ADD")
        {
            yield break;
        }

        var words = instruction.Arguments.StartsWith('[')
            ? instruction.Arguments.Trim('[', ']', ' ').Split(',', StringSplitOptions.TrimEntries)
            : [.. instruction.Words()];
        foreach (var word in words.SkipLast(1).Select(word => word.Trim('"', '\'')))
        {
            var isKnown = Variable().Matches(word).All(match => values.ContainsKey(match.Groups[1].Value));
            var source = isKnown ? Variables.Expand(word, values, escape) : null;
            if (source is null ? word.StartsWith('$') || Remote().IsMatch(word) : Remote().IsMatch(source))
            {
                yield return new RemoteSource(source, word, instruction.Line);
            }
        }
    }

    /// <summary>
    /// Throws <see cref="FailureCode.DockerfileRefused"/> for the first that may not be fetched.
    /// </summary>
    public static async Task CheckAsync(
        IEnumerable<RemoteSource> sources, Sandbox sandbox, CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            if (await FindFaultAsync(source, sandbox, cancellationToken) is { } fault)
            {
                throw new DeploymentFailedException(
                    FailureCode.DockerfileRefused,
                    $"ADD {source.Written} on line {source.Line} of the Dockerfile is not allowed: {fault}.",
                    "Put the file into the repository, or fetch it in a RUN step.");
            }
        }
    }

    private static async Task<string?> FindFaultAsync(
        RemoteSource source, Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (sandbox == Sandbox.Strict)
        {
            return "the strict sandbox fetches nothing";
        }

        if (source.Url is null || Host().Match(source.Url) is not { Success: true } match)
        {
            return "what it fetches cannot be told before the build";
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(match.Groups["host"].Value.Trim('[', ']'), cancellationToken);
            return addresses.Length > 0 && addresses.All(PublicAddress.Is) ? null : "its host has a private address";
        }
        catch (SocketException)
        {
            return "its host cannot be found";
        }
    }

    [GeneratedRegex(@"\$\{?([A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^([a-z][a-z0-9+.-]*://|[^/]+@[^/]+:|github\.com/)", RegexOptions.IgnoreCase)]
    private static partial Regex Remote();

    [GeneratedRegex(@"^([a-z][a-z0-9+.-]*://)?([^/?#]*@)?(?<host>\[[0-9a-f:.]+\]|[^/:?#@\s\\]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Host();
}

/// <param name="Url">Null where it cannot be told.</param>
/// <param name="Written">As the Dockerfile has it.</param>
internal sealed record RemoteSource(string? Url, string Written, int Line);
