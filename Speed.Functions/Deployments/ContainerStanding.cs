namespace Speed.Deployments;

/// <summary>What the store says of a container that this instance made.</summary>
internal enum ContainerStanding
{
    /// <summary>Its deployment has not ended.</summary>
    InUse,

    /// <summary>Its deployment has ended, and it is to go.</summary>
    Leftover,

    /// <summary>
    /// No record tells of it. SPEED writes before it makes and starts, so the record was there and is gone: an older
    /// backup was restored. It may serve people or hold data, so that it goes only when somebody says so.
    /// </summary>
    Unrecorded,
}

internal static class ContainerStandings
{
    /// <param name="container">Listed before the record was read: it is written first.</param>
    /// <param name="deployment">The record as it is; null where there is none.</param>
    public static ContainerStanding StandingUnder(this OwnContainer container, Deployment? deployment)
    {
        if (deployment is null || container.Attempt > deployment.Attempt)
        {
            return ContainerStanding.Unrecorded;
        }

        // Started, and the record of this attempt has not come to its start.
        if (container.Attempt == deployment.Attempt && container.WasStarted && deployment.StartAskedAt is null)
        {
            return ContainerStanding.Unrecorded;
        }

        return deployment.LogClosedAt is null ? ContainerStanding.InUse : ContainerStanding.Leftover;
    }
}
