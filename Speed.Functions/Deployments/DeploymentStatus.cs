using static Speed.Deployments.DeploymentStatus;

namespace Speed.Deployments;

/// <summary>Where a deployment stands. The names are the words of the HTTP contract.</summary>
public enum DeploymentStatus
{
    Pending,
    Running,
    Succeeded,
    Failed,
    Canceled,
}

public static class DeploymentLifecycle
{
    extension(DeploymentStatus status)
    {
        /// <summary>True once nothing will ever change again.</summary>
        public bool IsFinal => status is Succeeded or Failed or Canceled;

        /// <summary>True if the lifecycle has an arrow from this status to <paramref name="next"/>.</summary>
        public bool CanBecome(DeploymentStatus next) => (status, next) switch
        {
            (Pending, Running or Failed or Canceled) => true,
            (Running, Succeeded or Failed or Canceled) => true,
            _ => false,
        };
    }
}
