using System.Net;
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
    /// Throws <see cref="FailureCode.DockerfileRefused"/> for the first that may not be fetched, and
    /// <see cref="FailureCode.BuildFailed"/> for one whose host nobody knows.
    /// </summary>
    public static async Task CheckAsync(
        IEnumerable<Reference> sources, Sandbox sandbox, CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            if (sandbox == Sandbox.Strict)
            {
                throw Refused(source, "the strict sandbox fetches nothing");
            }

            if (source.Kind == ReferenceKind.AddGit)
            {
                throw Refused(source, "it may be taken for the address of a repository, and none is fetched");
            }

            if (Host().Match(source.Value!) is not { Success: true } match)
            {
                throw Refused(source, "its host cannot be told");
            }

            var addresses = await HostAddresses.FindAsync(
                match.Groups["host"].Value, Dns.GetHostAddressesAsync, cancellationToken);
            if (addresses is null)
            {
                throw new DeploymentFailedException(
                    FailureCode.BuildFailed,
                    $"ADD {source.Written} on line {source.Line} of the Dockerfile: no address of its host is known to DNS."
                    + WithHoles(source),
                    "Check the host's name, and that this host's DNS knows it.");
            }

            if (!addresses.All(PublicAddress.Is))
            {
                throw Refused(source, "its host has a private address");
            }
        }
    }

    private static string WithHoles(Reference source) =>
        source.Unset.Count == 0 ? "" : $" {UnsetVariables.Enumerate(source.Unset)} without a value there.";

    private static DeploymentFailedException Refused(Reference source, string fault) => new(
        FailureCode.DockerfileRefused,
        $"ADD {source.Written} on line {source.Line} of the Dockerfile is not allowed: {fault}.{WithHoles(source)}",
        "Put the file into the repository, or fetch it in a RUN step.");

    [GeneratedRegex(@"\Ahttps?://([^/?#]*@)?(?<host>\[[0-9a-fA-F:.%]+\]|[^/:?#@\s\\]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Host();
}
