using System.Text;

namespace Speed.Sources;

/// <summary>Finds the files that Git LFS keeps elsewhere: what is in the tree only points to them.</summary>
internal sealed class LfsPointers(Git git)
{
    private const int MostAttributeFiles = 100;
    private const int MostCandidates = 10_000;
    private const int LargestPointer = 1024;
    private static readonly byte[] Signature = Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1");

    /// <summary>Their paths; looked for only where an attributes file speaks of LFS.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(
        string commit, IReadOnlyList<TreeEntry> entries, CancellationToken cancellationToken)
    {
        if (!await IsUsedAsync(commit, entries, cancellationToken))
        {
            return [];
        }

        var candidates = entries
            .Where(entry => entry.IsRegular && entry.Size >= Signature.Length && entry.Size <= LargestPointer)
            .Take(MostCandidates)
            .ToArray();
        var contents = await ReadAsync(candidates, cancellationToken);
        return PathsOfPointers(candidates, contents);
    }

    private async Task<bool> IsUsedAsync(
        string commit, IReadOnlyList<TreeEntry> entries, CancellationToken cancellationToken)
    {
        // The top's counts in a subdirectory too.
        var files = entries
            .Where(entry => entry.IsRegular && Path.GetFileName(entry.Path) == ".gitattributes")
            .Take(MostAttributeFiles)
            .Select(entry => entry.ObjectId)
            .Append($"{commit}:.gitattributes");
        foreach (var file in files)
        {
            var text = await git.ReadTextAsync(cancellationToken, "cat-file", "blob", file);
            if (text is not null && text.Contains("filter=lfs", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // At most 10 MiB: as many as are looked at, each of the largest size.
    private async Task<byte[]> ReadAsync(TreeEntry[] entries, CancellationToken cancellationToken)
    {
        await using var process = git.Start(["cat-file", "--batch", "--buffer"], cancellationToken);
        using var contents = new MemoryStream();
        var reading = process.Output.CopyToAsync(contents, CancellationToken.None);
        await using (var input = new StreamWriter(process.Input))
        {
            foreach (var entry in entries)
            {
                await input.WriteAsync(entry.ObjectId + "\n");
            }
        }

        await reading;
        await process.WaitAsync(cancellationToken);
        return contents.ToArray();
    }

    // Of each: a line "<id> blob <size>", the content, a line feed.
    private static List<string> PathsOfPointers(TreeEntry[] entries, byte[] contents)
    {
        var paths = new List<string>();
        var rest = contents.AsSpan();
        foreach (var entry in entries)
        {
            rest = rest[(rest.IndexOf((byte)'\n') + 1)..];
            if (rest.StartsWith(Signature))
            {
                paths.Add(entry.Path);
            }

            rest = rest[((int)entry.Size + 1)..];
        }

        return paths;
    }
}
