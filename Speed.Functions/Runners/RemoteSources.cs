using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>
/// What ADD fetches from elsewhere. The engine fetches it, with the host's own network: so only from public
/// addresses, and in the strict sandbox not at all.
/// </summary>
internal static partial class RemoteSources
{
    /// <summary>
    /// Throws <see cref="FailureCode.DockerfileRefused"/> for the first that may not be fetched.
    /// </summary>
    public static async Task CheckAsync(
        IEnumerable<Reference> sources, Sandbox sandbox, CancellationToken cancellationToken)
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
        Reference source, Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (sandbox == Sandbox.Strict)
        {
            return "the strict sandbox fetches nothing";
        }

        if (source.Kind == ReferenceKind.AddGit)
        {
            return "a repository is not fetched by it";
        }

        if (Host().Match(source.Value!) is not { Success: true } match)
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

    [GeneratedRegex(@"^([a-z][a-z0-9+.-]*://)?([^/?#]*@)?(?<host>\[[0-9a-f:.]+\]|[^/:?#@\s\\]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Host();
}
