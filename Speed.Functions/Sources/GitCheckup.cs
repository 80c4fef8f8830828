using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Looks at the git program.</summary>
internal sealed class GitCheckup(GitOptions options) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken) =>
        await GitVersion.FindFaultAsync(options, cancellationToken) is { } fault
            ? [new Finding("git", fault, "Install or update git, and start SPEED again.")]
            : [new Finding("git", await GitVersion.ReadAsync(options, cancellationToken))];
}
