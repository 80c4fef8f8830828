using Speed.Deployments;

namespace Speed.Runners;

/// <summary>Finds the Dockerfile in a tree.</summary>
internal static class DockerfilePath
{
    private const int MostNamed = 10;
    private const long MaxBytes = 1024 * 1024;

    /// <summary>Without <c>./</c> and doubled slashes, as the tree's own paths are.</summary>
    public static string Normalize(string path) => string.Join(
        '/', path.Split('/').Where(part => part is not ("" or ".")));

    /// <summary>The path itself, or where there is no such <c>Dockerfile</c>, the <c>dockerfile</c> that Docker takes for it.</summary>
    public static string Find(ISourceTree source, string path)
    {
        const string Usual = "Dockerfile";
        var lower = path[..^Math.Min(path.Length, Usual.Length)] + "dockerfile";
        return (path == Usual || path.EndsWith("/" + Usual, StringComparison.Ordinal))
            && !source.Files.Any(file => file.Path == path) && source.Files.Any(file => file.Path == lower)
            ? lower
            : path;
    }

    /// <summary>
    /// Its text, through links that stay in the tree. Throws <see cref="FailureCode.DockerfileNotFound"/>, naming those that
    /// there are.
    /// </summary>
    public static async Task<string> ReadAsync(ISourceTree source, string path, CancellationToken cancellationToken)
    {
        var (real, fault) = await source.ResolveAsync(path, cancellationToken);
        if (fault is null && source.Files.Any(file => file.Path == real && file.Size > MaxBytes))
        {
            throw new DeploymentFailedException(
                FailureCode.DockerfileRefused, $"`{path}` is larger than 1 MiB.", "Name another Dockerfile.");
        }

        if (fault is null && await source.ReadTextAsync(path, cancellationToken) is { } text)
        {
            return text;
        }

        var there = source.Files.Where(file => file.IsRegular && IsDockerfile(file.Path)).Select(file => file.Path);
        throw NotFound(path, fault, [.. there.Take(MostNamed)]);
    }

    private static DeploymentFailedException NotFound(string path, string? fault, string[] there)
    {
        var what = fault is null
            ? $"There is no `{path}` in the repository's build context"
            : $"`{path}` in the repository's build context cannot be read: {fault}";
        var others = there.Length > 0
            ? $"there is {string.Join(", ", there.Select(other => $"`{TreePath.Show(other)}`"))}"
            : "nor any other Dockerfile";
        return new DeploymentFailedException(
            FailureCode.DockerfileNotFound,
            $"{what}; {others}.",
            there.Length > 0
                ? "Give its path as `dockerfile`, and where its context is another folder, that as `subdirectory`."
                : "Add a Dockerfile to the repository, or send one as `dockerfile_text`.");
    }

    private static bool IsDockerfile(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.Equals("Dockerfile", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Containerfile", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("Dockerfile.", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".Dockerfile", StringComparison.OrdinalIgnoreCase);
    }
}
