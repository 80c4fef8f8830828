using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>A fetched commit's files, read from the bare repository of its workspace.</summary>
internal sealed class GitSourceTree(
    Git git, Fetched fetched, string treeId, IEnumerable<TreeEntry> entries, IAsyncDisposable workspace) : ISourceTree
{
    private const int MaxTextBytes = 1024 * 1024;

    public string Branch => fetched.Branch;

    public string Commit => fetched.Commit;

    public string TreeId => treeId;

    public IReadOnlyList<SourceFile> Files { get; } =
        [.. entries.Select(entry => new SourceFile(entry.Path, entry.Size, entry.IsRegular))];

    public async Task<string?> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        var wanted = RepositoryPath.Normalize(path);
        var file = Files.FirstOrDefault(file => file.Path == wanted);
        if (file is not { IsRegular: true, Size: <= MaxTextBytes })
        {
            return null;
        }

        var text = await git.ReadTextAsync(cancellationToken, "cat-file", "blob", $"{TreeId}:{wanted}");
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
        await WriteAttributesAsync(cancellationToken);

        var context = new ContextTar(destination);
        await context.WriteDockerfileAsync(path, dockerfileText, cancellationToken);
        var exit = await git.ReadAsync(
            archive => context.CopyAsync(archive, name => name == path || ignore.Excludes(name), cancellationToken),
            ["archive", "--format=tar", TreeId], cancellationToken);
        if (!exit.IsSuccess)
        {
            throw new InvalidOperationException($"git archive failed: {exit.Errors}");
        }

        await context.FinishAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => workspace.DisposeAsync();

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
    private Task WriteAttributesAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(git.Folder, "info"));
        return File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "attributes"),
            "* -export-ignore -export-subst\n", Encoding.ASCII, cancellationToken);
    }
}
