using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// A fetched commit's files and those of its fetched submodules, read from the bare repositories of its workspace.
/// </summary>
/// <param name="time">The commit's.</param>
/// <param name="parts">The deployed repository's first.</param>
internal sealed class GitSourceTree(
    Fetched fetched, DateTimeOffset time, IReadOnlyList<SourcePart> parts, GitWorkspace workspace) : ISourceTree
{
    private readonly Lazy<TreeFiles> _files = new(() => new TreeFiles(parts));

    public string Branch => fetched.Branch;

    public string Commit => fetched.Commit;

    public string TreeId { get; } = parts.Count == 1 ? parts[0].TreeId : HashOf(parts);

    public IReadOnlyList<SourceFile> Files { get; } = FilesOf(parts);

    public async Task<ResolvedPath> ResolveAsync(string path, CancellationToken cancellationToken) =>
        RepositoryPath.Normalize(path) is { Length: > 0 } wanted
            ? await _files.Value.ResolveAsync(wanted, cancellationToken)
            : new ResolvedPath(path, Fault: null);

    public async Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken) =>
        RepositoryPath.Normalize(path) is { Length: > 0 } wanted
        && await _files.Value.ReadAsync(wanted, cancellationToken) is { } bytes
            ? Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF')
            : null;

    public async Task WriteContextAsync(
        string dockerfile, string? dockerfileText, Stream destination, CancellationToken cancellationToken)
    {
        var path = RepositoryPath.Normalize(dockerfile) is { Length: > 0 } inside
            ? inside
            : throw new DeploymentFailedException(
                FailureCode.DockerfileNotFound, $"`{dockerfile}` is not a path inside the build context.");
        var ignore = await IgnoreFile.ReadAsync(_files.Value, path, cancellationToken);
        var context = new ContextTar(destination, time);
        var written = dockerfileText is null
            ? []
            : await WriteDockerfileAsync(
                context, (await ResolveAsync(path, cancellationToken)).Path, dockerfileText, ignore, cancellationToken);
        try
        {
            var walk = new IgnoreWalk(ignore.Rules);
            foreach (var part in parts)
            {
                await CopyAsync(
                    part, context, name => written.Contains(name) || walk.Excludes(name), cancellationToken);
            }
        }
        catch (FormatException fault)
        {
            throw IgnoreFile.Unusable(ignore.Path!, fault);
        }

        await context.FinishAsync(cancellationToken);
    }

    public Stream OpenScratchFile() => workspace.OpenScratchFile();

    public ValueTask DisposeAsync() => workspace.DisposeAsync();

    private static SourceFile[] FilesOf(IReadOnlyList<SourcePart> parts)
    {
        var fetched = parts.Select(part => part.Prefix.TrimEnd('/')).ToHashSet();
        var files =
            from part in parts
            from entry in part.Entries
            let path = part.Prefix + entry.Path
            where !(entry.IsSubmodule && fetched.Contains(path))
            select new SourceFile(path, entry.Size, entry.IsRegular);
        return [.. files];
    }

    private static async Task CopyAsync(
        SourcePart part, ContextTar context, Func<string, bool> excludes, CancellationToken cancellationToken)
    {
        await WriteAttributesAsync(part.Git, cancellationToken);
        var exit = await part.Git.ReadAsync(
            archive => context.CopyAsync(archive, part.Prefix, excludes, cancellationToken),
            ["archive", "--format=tar", part.TreeId], cancellationToken);
        if (!exit.IsSuccess)
        {
            throw new InvalidOperationException($"git archive failed: {exit.Errors}");
        }
    }

    // The tree of the repository names its submodules' commits, but not that they are there, nor what theirs are.
    private static string HashOf(IEnumerable<SourcePart> parts)
    {
        var all = string.Concat(parts.Select(part => $"{part.Prefix}\0{part.TreeId}\0"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    // Gives the paths that are in the context by it.
    private async Task<IReadOnlyList<string>> WriteDockerfileAsync(
        ContextTar context, string path, string text, IgnoreFile ignore, CancellationToken cancellationToken)
    {
        await context.WriteFileAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);
        if (await ignore.ForLegacyBuilderAsync(_files.Value, path, cancellationToken) is not { } general)
        {
            return [path];
        }

        await context.WriteFileAsync(IgnoreFile.General, general, cancellationToken);
        return [path, IgnoreFile.General];
    }

    // What a repository says for its releases would silently change what is built.
    private static Task WriteAttributesAsync(Git git, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(git.Folder, "info"));
        return File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "attributes"),
            "* -export-ignore -export-subst\n", Encoding.ASCII, cancellationToken);
    }
}
