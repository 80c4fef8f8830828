using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// A fetched commit's files and those of its fetched submodules, read from the bare repositories of its workspace.
/// </summary>
/// <param name="parts">The deployed repository's first.</param>
internal sealed class GitSourceTree(
    Fetched fetched, IReadOnlyList<SourcePart> parts, IAsyncDisposable workspace) : ISourceTree
{
    private const int MaxTextBytes = 1024 * 1024;

    public string Branch => fetched.Branch;

    public string Commit => fetched.Commit;

    public string TreeId { get; } = parts.Count == 1 ? parts[0].TreeId : HashOf(parts);

    public IReadOnlyList<SourceFile> Files { get; } = FilesOf(parts);

    public async Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        var wanted = RepositoryPath.Normalize(path);
        var file = Files.FirstOrDefault(file => file.Path == wanted);
        if (file is not { IsRegular: true, Size: <= MaxTextBytes })
        {
            return null;
        }

        var part = parts.Where(part => file.Path.StartsWith(part.Prefix, StringComparison.Ordinal))
            .MaxBy(part => part.Prefix.Length)!;
        var text = await part.Git.ReadTextAsync(
            cancellationToken, "cat-file", "blob", $"{part.TreeId}:{file.Path[part.Prefix.Length..]}");
        return text?.TrimStart('\uFEFF');
    }

    public async Task WriteContextAsync(
        string dockerfile, string dockerfileText, Stream destination, CancellationToken cancellationToken)
    {
        var path = RepositoryPath.Normalize(dockerfile) is { Length: > 0 } inside
            ? inside
            : throw new DeploymentFailedException(
                FailureCode.DockerfileNotFound, $"`{dockerfile}` is not a path inside the build context.");
        var ignore = await ReadIgnoreAsync(path, cancellationToken);
        var context = new ContextTar(destination);
        await context.WriteDockerfileAsync(path, dockerfileText, cancellationToken);
        foreach (var part in parts)
        {
            await CopyAsync(part, context, name => name == path || ignore.Excludes(name), cancellationToken);
        }

        await context.FinishAsync(cancellationToken);
    }

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

    // An ignore file of the Dockerfile's own name comes before the general one.
    private async Task<DockerIgnore> ReadIgnoreAsync(string dockerfile, CancellationToken cancellationToken)
    {
        foreach (var path in new[] { dockerfile + ".dockerignore", ".dockerignore" })
        {
            if (await ReadTextAsync(path, cancellationToken) is { } text)
            {
                // The builder reads it too, and drops it if it ignores itself.
                return Parse(text, path).Except(path).Except(".dockerignore");
            }
        }

        return DockerIgnore.Nothing;
    }

    private static DockerIgnore Parse(string text, string path)
    {
        try
        {
            return DockerIgnore.Parse(text);
        }
        catch (FormatException fault)
        {
            throw new DeploymentFailedException(
                FailureCode.BuildFailed, $"`{path}` cannot be used: {fault.Message}.", "Correct or remove that line.");
        }
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
