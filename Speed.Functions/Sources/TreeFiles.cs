using Speed.Deployments;

namespace Speed.Sources;

/// <summary>
/// Finds files of a source by their paths, through symbolic links as long as those stay in it.
/// </summary>
internal sealed class TreeFiles
{
    private const int MaxLinks = 40;

    private readonly Dictionary<string, (SourcePart Part, TreeEntry Entry)> _entries = [];
    private readonly HashSet<string> _folders = [""];

    public TreeFiles(IReadOnlyList<SourcePart> parts)
    {
        foreach (var part in parts)
        {
            foreach (var entry in part.Entries)
            {
                var path = part.Prefix + entry.Path;
                _entries[path] = (part, entry);
                for (var slash = path.LastIndexOf('/'); slash > 0 && _folders.Add(path[..slash]);)
                {
                    slash = path.LastIndexOf('/', slash - 1);
                }
            }
        }
    }

    /// <summary>True if there is a file, a link, or a folder with something in it.</summary>
    public bool Has(string path) => _entries.ContainsKey(path) || _folders.Contains(path);

    /// <summary>
    /// Its content; null where nothing is at this path. Throws, naming it, where something is that cannot be read: a
    /// link that leaves the context, ends at nothing or at itself, a folder, a file of more than 1 MiB.
    /// </summary>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var links = 0;
        var (here, ahead) = ("", new Stack<string>(path.Split('/').Reverse()));
        while (ahead.TryPop(out var name))
        {
            here = Step(here, name) ?? throw Unreadable(path, "it is a link that leads out of the build context");
            if (_entries.TryGetValue(here, out var found) && found.Entry.IsLink)
            {
                var target = await found.Part.Git.ReadFileAsync(found.Entry, here, cancellationToken);
                var text = TreePath.Decode(target);
                if (text.StartsWith('/'))
                {
                    throw Unreadable(path, $"it is a link that leads out of the build context, to `{TreePath.Show(text)}`");
                }

                if (++links > MaxLinks)
                {
                    throw Unreadable(path, "it is a link that leads back to itself");
                }

                Array.ForEach([.. text.Split('/').Reverse()], ahead.Push);
                here = FolderOf(here);
            }
        }

        return await ReadAsync(path, here, links > 0, cancellationToken);
    }

    private async Task<byte[]?> ReadAsync(
        string path, string real, bool isLink, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(real, out var file) && file.Entry.IsRegular)
        {
            return await file.Part.Git.ReadFileAsync(file.Entry, path, cancellationToken);
        }

        return (isLink, Has(real)) switch
        {
            (false, false) => null,
            (true, false) => throw Unreadable(path, $"it is a link to `{TreePath.Show(real)}`, where nothing is"),
            _ => throw Unreadable(path, isLink ? $"it is a link to `{TreePath.Show(real)}`, which is no file" : "it is no file"),
        };
    }

    // Null above the top.
    private static string? Step(string folder, string name) => name switch
    {
        "" or "." => folder,
        ".." => folder.Length == 0 ? null : FolderOf(folder),
        _ => folder.Length == 0 ? name : $"{folder}/{name}",
    };

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    private static DeploymentFailedException Unreadable(string path, string why) =>
        Git.Unreadable(FailureCode.BuildFailed, path, why);
}
