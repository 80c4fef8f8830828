using System.Text.Json;

namespace Speed.Deployments;

/// <summary>Why a deployment did not succeed: a closed list. On the wire: <c>REPO_NOT_FOUND</c> and so on.</summary>
public enum FailureCode
{
    RepoNotFound,
    AuthRequired,
    HostNotAllowed,
    BranchNotFound,
    CommitNotFound,
    CloneFailed,
    CloneTimeout,
    RepoTooLarge,
    DockerfileNotFound,
    DockerfileRefused,
    BaseImageUnavailable,
    BuildFailed,
    BuildTimeout,
    DiskFull,
    ContainerStartFailed,
    Unhealthy,
    OutOfMemory,
    ExitNonzero,
    RunTimeout,
    QueueTimeout,
    DeclaredByLeader,
    DockerUnavailable,
    DockerRestarted,
    ContainerLost,
    Interrupted,
    Canceled,
    Superseded,
    TtlExpired,
    Internal,
}

public static class FailureCodes
{
    extension(FailureCode code)
    {
        /// <summary>The code as the HTTP contract spells it, for example <c>EXIT_NONZERO</c>.</summary>
        public string Wire => JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());

        /// <summary>Whose fault it is: <c>platform</c> for SPEED, its engine and its host; else <c>user</c>.</summary>
        public string Fault => code is FailureCode.DiskFull or FailureCode.QueueTimeout
            or FailureCode.DockerUnavailable or FailureCode.DockerRestarted or FailureCode.ContainerLost
            or FailureCode.Interrupted or FailureCode.Internal
            ? "platform" : "user";
    }
}
