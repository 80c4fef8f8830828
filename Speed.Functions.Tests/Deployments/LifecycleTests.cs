using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: which status may follow which, over all pairs.</summary>
public sealed class LifecycleTests
{
    private static readonly (DeploymentStatus From, DeploymentStatus To)[] Arrows =
    [
        (Pending, Running), (Pending, Failed), (Pending, Canceled),
        (Running, Succeeded), (Running, Failed), (Running, Canceled),
    ];

    public static TheoryData<DeploymentStatus, DeploymentStatus> AllPairs()
    {
        var pairs = new TheoryData<DeploymentStatus, DeploymentStatus>();
        foreach (var from in Enum.GetValues<DeploymentStatus>())
        {
            foreach (var to in Enum.GetValues<DeploymentStatus>())
            {
                pairs.Add(from, to);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(AllPairs))]
    public void The_lifecycle_has_six_arrows(DeploymentStatus from, DeploymentStatus to) =>
        Assert.Equal(Arrows.Contains((from, to)), from.CanBecome(to));

    [Fact]
    public void A_final_status_has_no_way_out()
    {
        foreach (var status in Enum.GetValues<DeploymentStatus>())
        {
            Assert.Equal(status.IsFinal, !Enum.GetValues<DeploymentStatus>().Any(next => status.CanBecome(next)));
        }
    }

    [Fact]
    public void Failure_codes_are_spelled_as_in_the_contract()
    {
        string[] contract =
        [
            "REPO_NOT_FOUND", "AUTH_REQUIRED", "HOST_NOT_ALLOWED", "BRANCH_NOT_FOUND", "COMMIT_NOT_FOUND",
            "CLONE_FAILED", "CLONE_TIMEOUT", "REPO_TOO_LARGE", "DOCKERFILE_NOT_FOUND", "DOCKERFILE_REFUSED",
            "BASE_IMAGE_UNAVAILABLE", "BUILD_FAILED", "BUILD_TIMEOUT", "DISK_FULL", "CONTAINER_START_FAILED",
            "UNHEALTHY", "OUT_OF_MEMORY", "EXIT_NONZERO", "RUN_TIMEOUT", "QUEUE_TIMEOUT", "DECLARED_BY_LEADER",
            "DOCKER_UNAVAILABLE", "DOCKER_RESTARTED", "CONTAINER_LOST", "INTERRUPTED", "CANCELED", "SUPERSEDED",
            "TTL_EXPIRED", "INTERNAL",
        ];

        Assert.Equal(contract, Enum.GetValues<FailureCode>().Select(code => code.Wire));
    }
}
