using System.Text.Json;

namespace Speed.Deployments;

/// <summary>Why a deployment did not succeed: a closed list. On the wire: <c>REPO_NOT_FOUND</c> and so on.</summary>
public enum FailureCode
{
    /// <summary>The Git server answers, and has no repository at that path, or shows it to nobody without a login.</summary>
    RepoNotFound,

    /// <summary>The Git server asks for a login, and no secret fits, or the one that fits is refused.</summary>
    AuthRequired,

    /// <summary>An address of the repository, a redirect or a submodule is one that the operator does not allow.</summary>
    HostNotAllowed,

    /// <summary>The repository has no such branch or tag.</summary>
    BranchNotFound,

    /// <summary>The repository has no such commit, or does not give it.</summary>
    CommitNotFound,

    /// <summary>Git or its server fails in another way, or the repository leads to what may not be fetched.</summary>
    CloneFailed,

    /// <summary>The commit is not fetched within `timeouts.clone_s`.</summary>
    CloneTimeout,

    /// <summary>The repository needs more memory, files or bytes than it may.</summary>
    RepoTooLarge,

    /// <summary>There is no Dockerfile at that path, or no such subdirectory.</summary>
    DockerfileNotFound,

    /// <summary>The Dockerfile asks for what SPEED does not let an engine do, or can be read in two ways where that matters.</summary>
    DockerfileRefused,

    /// <summary>An image that the Dockerfile names cannot be had.</summary>
    BaseImageUnavailable,

    /// <summary>A step of the build fails, or no engine reads the Dockerfile.</summary>
    BuildFailed,

    /// <summary>The image is not built within `timeouts.build_s`.</summary>
    BuildTimeout,

    /// <summary>The disk of SPEED or of its engine has no room.</summary>
    DiskFull,

    /// <summary>The container cannot be made as asked, or its program cannot be run.</summary>
    ContainerStartFailed,

    /// <summary>The service is not up within `timeouts.start_s`, or ends before it is.</summary>
    Unhealthy,

    /// <summary>The kernel kills the program, or a step of the build, for its memory.</summary>
    OutOfMemory,

    /// <summary>The program ends with another exit code than 0.</summary>
    ExitNonzero,

    /// <summary>The job does not end within `timeouts.run_s`.</summary>
    RunTimeout,

    /// <summary>It waits for longer than `timeouts.queue_s`.</summary>
    QueueTimeout,

    /// <summary>The leader says `Failed`.</summary>
    DeclaredByLeader,

    /// <summary>The engine does not answer, and does not come back in time.</summary>
    DockerUnavailable,

    /// <summary>The engine goes away while the program runs, and takes it along.</summary>
    DockerRestarted,

    /// <summary>Somebody else removes the container.</summary>
    ContainerLost,

    /// <summary>SPEED ends in a moment after which nobody can tell whether the program was started, or too often.</summary>
    Interrupted,

    /// <summary>Somebody cancels it.</summary>
    Canceled,

    /// <summary>A newer deployment of the same service takes its place.</summary>
    Superseded,

    /// <summary>The service was up for `ttl_s`.</summary>
    TtlExpired,

    /// <summary>A fault of SPEED's own; its log has it whole.</summary>
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
