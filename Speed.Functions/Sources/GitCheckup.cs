using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Looks at the git program.</summary>
internal sealed class GitCheckup(GitOptions options) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken)
    {
        if (await GitVersion.FindFaultAsync(options, cancellationToken) is { } fault)
        {
            return [new Finding("git", fault, "Install or update git, and start SPEED again.")];
        }

        var version = await GitVersion.ReadAsync(options, cancellationToken);
        return [new Finding("git", version), UpstreamFixes.NoteOf("git", version), new GitMemory(options).Finding];
    }
}
