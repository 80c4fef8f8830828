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

    /// <summary>Where a path leads through symbolic links that stay in the context, those of its folders, too.</summary>
    Task<ResolvedPath> ResolveAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// The text of a file of at most 1 MiB, through symbolic links that stay in the context; null where there is nothing
    /// at this path. Throws <see cref="DeploymentFailedException"/>, naming it, for what is there and cannot be read.
    /// </summary>
    Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the build context as a GNU tar: what the ignore rules leave of the tree, every file with the commit's time.
    /// </summary>
    /// <param name="dockerfile">Its path; the ignore file of its name comes before the general one.</param>
    /// <param name="dockerfileText">
    /// Null for a builder that is given the Dockerfile apart. Else it comes first in the tar, as this text and where its path
    /// leads, and where the rules leave it out an ignore file that tells the legacy builder so.
    /// </param>
    Task WriteContextAsync(
        string dockerfile, string? dockerfileText, Stream destination, CancellationToken cancellationToken);

    /// <summary>An empty file on disk for whatever comes of the tree, gone once it is disposed.</summary>
    Stream OpenScratchFile();
}

/// <param name="Path">As <see cref="TreePath"/> has it.</param>
/// <param name="Size">Bytes.</param>
/// <param name="IsRegular">False for a symbolic link or a submodule.</param>
public sealed record SourceFile(string Path, long Size, bool IsRegular);

/// <param name="Path">Without links; as it was asked for where there is a fault.</param>
/// <param name="Fault">
/// Why nothing can be read there, as a sentence about "it"; null for a file, and where nothing is.
/// </param>
public sealed record ResolvedPath(string Path, string? Fault);
