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

    /// <summary>Throws <see cref="FailureCode.DockerfileNotFound"/>, naming those that there are.</summary>
    public static async Task<string> ReadAsync(ISourceTree source, string path, CancellationToken cancellationToken)
    {
        var file = source.Files.FirstOrDefault(file => file.Path == path);
        if (file is { IsRegular: true, Size: > MaxBytes })
        {
            throw new DeploymentFailedException(
                FailureCode.DockerfileRefused, $"`{path}` is larger than 1 MiB.", "Name another Dockerfile.");
        }

        if (file is { IsRegular: true } && await source.ReadTextAsync(path, cancellationToken) is { } text)
        {
            return text;
        }

        var there = source.Files.Where(file => file.IsRegular && IsDockerfile(file.Path)).Select(file => file.Path);
        throw NotFound(path, isLink: file is not null, [.. there.Take(MostNamed)]);
    }

    private static DeploymentFailedException NotFound(string path, bool isLink, string[] there)
    {
        var what = isLink ? $"`{path}` is not a regular file" : $"There is no `{path}`";
        var others = there.Length > 0
            ? $"there is {string.Join(", ", there.Select(other => $"`{TreePath.Show(other)}`"))}"
            : "nor any other Dockerfile";
        return new DeploymentFailedException(
            FailureCode.DockerfileNotFound,
            $"{what} in the repository's build context; {others}.",
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
