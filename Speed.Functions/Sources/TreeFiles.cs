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

    /// <summary>Where a path leads once its links are followed, those of its folders, too.</summary>
    public async Task<ResolvedPath> ResolveAsync(string path, CancellationToken cancellationToken)
    {
        var (here, links, isLink) = ("", 0, false);
        foreach (var part in path.Split('/'))
        {
            isLink = false;
            for (var ahead = new Stack<string>([part]); ahead.TryPop(out var name);)
            {
                if (Step(here, name) is not { } next)
                {
                    return Fault("it is a link that leads out of the build context");
                }

                here = next;
                if (!_entries.TryGetValue(here, out var found) || !found.Entry.IsLink)
                {
                    continue;
                }

                var target = TreePath.Decode(await found.Part.Git.ReadFileAsync(found.Entry, here, cancellationToken));
                if (target.StartsWith('/'))
                {
                    return Fault($"it is a link that leads out of the build context, to `{TreePath.Show(target)}`");
                }

                if (++links > MaxLinks)
                {
                    return Fault("it is a link that leads back to itself");
                }

                Array.ForEach([.. target.Split('/').Reverse()], ahead.Push);
                (here, isLink) = (FolderOf(here), true);
            }
        }

        return (isLink, IsFile(here), Has(here)) switch
        {
            (_, true, _) or (false, _, false) => new ResolvedPath(here, Fault: null),
            (true, _, false) => Fault($"it is a link to `{TreePath.Show(here)}`, where nothing is"),
            (true, _, true) => Fault($"it is a link to `{TreePath.Show(here)}`, which is no file"),
            _ => Fault("it is no file"),
        };

        ResolvedPath Fault(string why) => new(path, why);
    }

    /// <summary>
    /// Its content; null where nothing is at this path. Throws, naming it, where something is that cannot be read: a
    /// link that leaves the context, ends at nothing or at itself, a folder, a file of more than 1 MiB.
    /// </summary>
    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var (real, fault) = await ResolveAsync(path, cancellationToken);
        return fault is not null ? throw Git.Unreadable(FailureCode.BuildFailed, path, fault)
            : IsFile(real) ? await _entries[real].Part.Git.ReadFileAsync(_entries[real].Entry, path, cancellationToken)
            : null;
    }

    private bool IsFile(string path) => _entries.TryGetValue(path, out var found) && found.Entry.IsRegular;

    // Null above the top.
    private static string? Step(string folder, string name) => name switch
    {
        "" or "." => folder,
        ".." => folder.Length == 0 ? null : FolderOf(folder),
        _ => folder.Length == 0 ? name : $"{folder}/{name}",
    };

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
}
