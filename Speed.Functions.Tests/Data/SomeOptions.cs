using Speed.Deployments;

namespace Speed.Tests.Data;

/// <summary>Options as the endpoints would resolve them.</summary>
internal static class SomeOptions
{
    public static DeploymentOptions Of(string url = "https://git.example/hello.git", Timeouts? timeouts = null) => new()
    {
        Url = url,
        Branch = "main",
        Timeouts = timeouts ?? new Timeouts(),
        BuildResources = new BuildResources { MemoryMb = 2_048, Cpus = 1 },
        Resources = new Resources { MemoryMb = 1_024, Cpus = 1, Pids = 512 },
    };
}
