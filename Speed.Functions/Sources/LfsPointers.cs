using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Finds the files that Git LFS keeps elsewhere: what is in the tree only points to them.</summary>
internal sealed class LfsPointers(Git git)
{
    private const int MostAttributeFiles = 100;
    private const int MostCandidates = 10_000;
    private const int LargestPointer = 1024;
    private const string AttributesFile = ".gitattributes";
    private static readonly byte[] Filter = Encoding.ASCII.GetBytes("filter=lfs");
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
        var files = entries
            .Where(entry => entry.IsRegular && Path.GetFileName(entry.Path) == AttributesFile)
            .Take(MostAttributeFiles)
            .ToList();

        // The top's counts in a subdirectory too.
        if (await new GitTree(git).AtTopAsync(commit, AttributesFile, cancellationToken) is { IsRegular: true } top)
        {
            files.Add(top);
        }

        foreach (var file in files)
        {
            if (await SpeaksOfLfsAsync(file, cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> SpeaksOfLfsAsync(TreeEntry file, CancellationToken cancellationToken)
    {
        var found = false;
        var exit = await git.ReadAsync(
            async output => found = await HasAsync(output, Filter), ["cat-file", "blob", file.ObjectId], cancellationToken);
        return exit.IsSuccess
            ? found
            : throw Git.Unreadable(FailureCode.CloneFailed, file.Path, exit.Errors.Trim());
    }

    // However long it is: a piece begins with the end of the one before it.
    private static async Task<bool> HasAsync(Stream output, byte[] words)
    {
        var buffer = new byte[64 * 1024];
        var (kept, found) = (0, false);
        while (await output.ReadAsync(buffer.AsMemory(kept), CancellationToken.None) is > 0 and var read)
        {
            var piece = buffer.AsSpan(0, kept + read);
            found = found || piece.IndexOf(words) >= 0;
            kept = Math.Min(piece.Length, words.Length - 1);
            piece[^kept..].CopyTo(buffer);
        }

        return found;
    }

    // At most 10 MiB: as many as are looked at, each of the largest size.
    private async Task<byte[]> ReadAsync(TreeEntry[] entries, CancellationToken cancellationToken)
    {
        using var contents = new MemoryStream();
        var exit = await git.ReadAsync(
            output => output.CopyToAsync(contents, CancellationToken.None), ["cat-file", "--batch", "--buffer"],
            cancellationToken, WriteIdsAsync);
        return exit.IsSuccess
            ? contents.ToArray()
            : throw new InvalidOperationException($"git cat-file failed: {exit.Errors}");

        async Task WriteIdsAsync(Stream input)
        {
            await using var ids = new StreamWriter(input);
            foreach (var entry in entries)
            {
                await ids.WriteAsync(entry.ObjectId + "\n");
            }
        }
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
