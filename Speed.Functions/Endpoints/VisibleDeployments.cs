using Microsoft.AspNetCore.Http;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>The deployments that the caller of a request may know of. Others are as if they were not there.</summary>
public sealed class VisibleDeployments(IDeploymentStore store)
{
    /// <summary>Null if there is none, or it is not for the caller to see.</summary>
    internal async Task<Deployment?> FindAsync(HttpRequest request, long id, CancellationToken cancellationToken)
    {
        var deployment = await store.FindAsync(id, cancellationToken);
        return deployment is not null && request.Caller().Sees(deployment) ? deployment : null;
    }
}
