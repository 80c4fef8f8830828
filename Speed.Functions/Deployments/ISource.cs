namespace Speed.Deployments;

/// <summary>Where repositories come from.</summary>
public interface ISource
{
    /// <summary>
    /// Resolves the branch, tag or commit, fetches that commit alone, and counts it. Every step is told to the
    /// log. Throws <see cref="DeploymentFailedException"/> where the repository, branch or commit is at fault.
    /// </summary>
    Task<ISourceTree> FetchAsync(
        Deployment deployment, DeploymentSecrets secrets, DeploymentLog log, CancellationToken cancellationToken);
}

/// <summary>One commit's files under the deployment's subdirectory. Paths are relative to that, with <c>/</c>.</summary>
public interface ISourceTree : IAsyncDisposable
{
    /// <summary>The branch or tag by name, found out where none was given.</summary>
    string Branch { get; }

    string Commit { get; }

    /// <summary>
    /// The object id of the subdirectory's tree, or a hash of it and of its fetched submodules' trees: equal ids, equal
    /// contexts.
    /// </summary>
    string TreeId { get; }

    IReadOnlyList<SourceFile> Files { get; }

    /// <summary>The text of a regular file of at most 1 MiB; null where there is none at this path.</summary>
    Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the build context as a GNU tar: first the Dockerfile at <paramref name="dockerfile"/> with
    /// <paramref name="dockerfileText"/> as its content, then what the ignore rules leave of the tree.
    /// </summary>
    Task WriteContextAsync(
        string dockerfile, string dockerfileText, Stream destination, CancellationToken cancellationToken);
}

/// <param name="Size">Bytes.</param>
/// <param name="IsRegular">False for a symbolic link or a submodule.</param>
public sealed record SourceFile(string Path, long Size, bool IsRegular);
