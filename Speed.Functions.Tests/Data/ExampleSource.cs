using System.Collections.Concurrent;
using Speed.Deployments;
using Speed.Sources;

namespace Speed.Tests.Data;

/// <summary>
/// Git as it is, but that some addresses of example hosts are those of repositories on loopback. A deployment has and
/// keeps the address that it was created with.
/// </summary>
internal sealed class ExampleSource(GitSource git, ConcurrentDictionary<string, string> addresses) : ISource
{
    public Task<ISourceTree> FetchAsync(
        Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken)
    {
        var url = addresses.GetValueOrDefault(deployment.Options.Url, deployment.Options.Url);
        return git.FetchAsync(
            deployment with { Options = deployment.Options with { Url = url } }, secrets, log, cancellationToken);
    }
}
