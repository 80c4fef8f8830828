using Speed.Deployments;

namespace Speed.Tests.Runners;

/// <summary>A deployment that runs, in small bounds.</summary>
internal static class SomeDeployment
{
    public static Deployment Of(long id, Func<DeploymentOptions, DeploymentOptions>? change = null)
    {
        var options = new DeploymentOptions
        {
            Url = "https://example.org/r.git",
            Timeouts = new Timeouts(),
            BuildResources = new BuildResources { MemoryMb = 512, Cpus = 1 },
            Resources = new Speed.Deployments.Resources { MemoryMb = 64, Cpus = 1, Pids = 64 },
        };
        return new Deployment
        {
            Id = id,
            WorkerId = Guid.NewGuid(),
            Options = change?.Invoke(options) ?? options,
            Status = DeploymentStatus.Running,
            Version = 1,
            Attempt = 1,
            Epoch = 1,
            RunBy = RunBy.Speed,
            CreatedAt = TimeProvider.System.GetUtcNow(),
        };
    }
}
