using Speed.Deployments;

namespace Speed.Sources;

/// <summary>What a commit says of one of its submodules.</summary>
/// <param name="Url">Null where it does not say.</param>
/// <param name="IsLeftOut">True for one that <c>git clone --recurse-submodules</c> does not fetch.</param>
internal sealed record GitModule(string? Url, bool IsLeftOut);

/// <summary>What a commit says of where its submodules come from.</summary>
internal static class GitModules
{
    private const string FileName = ".gitmodules";
    private const int MaxBytes = 512 * 1024;
    private const string Path = ".path";
    private const string Url = ".url";
    private const string Update = ".update";

    /// <summary>
    /// What is said of each by its path from the top of the commit; empty where it has no <c>.gitmodules</c>. Throws where that
    /// cannot be read.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, GitModule>> ReadAsync(
        Git git, string commit, CancellationToken cancellationToken)
    {
        Dictionary<string, string> paths = [], urls = [], updates = [];
        foreach (var setting in await ReadSettingsAsync(git, commit, cancellationToken))
        {
            // "submodule.<name>.path\n<value>"; the last one counts, as it does for git.
            var parts = setting.Split('\n', 2);
            if (parts.Length == 2 && parts[0].StartsWith("submodule.", StringComparison.Ordinal))
            {
                Keep(paths, Path, parts[0], parts[1]);
                Keep(urls, Url, parts[0], parts[1]);
                Keep(updates, Update, parts[0], parts[1]);
            }
        }

        var known = new Dictionary<string, GitModule>();
        foreach (var (name, path) in paths)
        {
            known[path.TrimEnd('/')] = new GitModule(urls.GetValueOrDefault(name), updates.GetValueOrDefault(name) == "none");
        }

        return known;
    }

    /// <summary>
    /// The address of a submodule, where it is a relative one, seen from its repository's; null if it leads out of the
    /// host.
    /// </summary>
    public static string? Resolve(string url, string repository)
    {
        if (url is not ("." or "..") && !url.StartsWith("./", StringComparison.Ordinal)
            && !url.StartsWith("../", StringComparison.Ordinal))
        {
            return url;
        }

        var path = RepositoryUrl.Parse(repository).Path;
        var host = repository[..^path.Length];
        var segments = path.Trim('/').Split('/').ToList();
        foreach (var part in url.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != "..")
            {
                segments.Add(part);
            }
            else if (segments.Count == 0)
            {
                return null;
            }
            else
            {
                segments.RemoveAt(segments.Count - 1);
            }
        }

        var root = path.StartsWith('/') ? "/" : "";
        return segments.Count == 0 ? null : host + root + string.Join('/', segments);
    }

    private static async Task<string[]> ReadSettingsAsync(Git git, string commit, CancellationToken cancellationToken)
    {
        if (await new GitTree(git).AtTopAsync(commit, FileName, cancellationToken) is not { } file)
        {
            return [];
        }

        if (!file.IsRegular || file.Size > MaxBytes)
        {
            throw Git.Unreadable(
                FailureCode.CloneFailed, FileName, file.IsRegular ? "it is larger than 512 KiB" : "it is not a regular file");
        }

        // No output is longer than the file by much; one that is cut would lose submodules.
        var (exit, bytes) = await git.ReadBytesAsync(
            cancellationToken, "config", "--blob", file.ObjectId, "--null", "--list");
        return exit.IsSuccess && (bytes.Length == 0 || bytes[^1] == 0)
            ? TreePath.Decode(bytes).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            : throw Git.Unreadable(FailureCode.CloneFailed, FileName, exit.Errors.Trim());
    }

    private static void Keep(Dictionary<string, string> values, string suffix, string key, string value)
    {
        if (key.EndsWith(suffix, StringComparison.Ordinal))
        {
            values[key[..^suffix.Length]] = value;
        }
    }
}
