using System.Globalization;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>One entry of a tree.</summary>
/// <param name="Mode">
/// Git's: <c>100644</c>, <c>100755</c>, <c>120000</c> a symbolic link, <c>160000</c> a submodule.
/// </param>
/// <param name="Path">As <see cref="TreePath"/> has it.</param>
internal readonly record struct TreeEntry(string Mode, string ObjectId, long Size, string Path)
{
    public bool IsRegular => Mode.StartsWith("100", StringComparison.Ordinal);

    public bool IsLink => Mode == "120000";

    public bool IsSubmodule => Mode == "160000";
}

/// <summary>Reads and counts a tree, however large it claims to be.</summary>
internal sealed class GitTree(Git git)
{
    private const int MaxNamed = 10;
    private const int MaxPathBytes = 4096;

    // Mode, kind, the longer kind of id, and a size.
    private const int MaxRecordBytes = MaxPathBytes + 128;

    /// <summary>The id of the tree at <paramref name="folder"/> (empty: the whole); null if there is none.</summary>
    public async Task<string?> FindAsync(string commit, string folder, CancellationToken cancellationToken)
    {
        if (folder.Length == 0)
        {
            return await git.AskAsync(cancellationToken, "rev-parse", "--verify", commit + "^{tree}");
        }

        var id = await git.AskAsync(cancellationToken, "rev-parse", "--quiet", "--verify", $"{commit}:{folder}");
        return id is not null && await git.AskAsync(cancellationToken, "cat-file", "-t", id) == "tree" ? id : null;
    }

    /// <summary>The first ten folders at the top of a commit, to be shown.</summary>
    public async Task<IReadOnlyList<string>> FoldersAsync(string commit, CancellationToken cancellationToken)
    {
        var folders = new List<string>();
        await ListAsync(["ls-tree", "-d", "-l", "-z", commit], entry =>
        {
            if (folders.Count < MaxNamed)
            {
                folders.Add(TreePath.Show(entry.Path));
            }
        }, cancellationToken);
        return folders;
    }

    /// <summary>What is at this one path at the top of a commit; null if nothing is.</summary>
    public async Task<TreeEntry?> AtTopAsync(string commit, string name, CancellationToken cancellationToken)
    {
        TreeEntry? found = null;
        await ListAsync(["ls-tree", "-l", "-z", commit, name], entry => found = entry, cancellationToken);
        return found;
    }

    /// <summary>Every file below; throws <c>REPO_TOO_LARGE</c> as soon as a limit is passed.</summary>
    /// <param name="prefix">Where the tree is in what is counted.</param>
    public async Task<List<TreeEntry>> ListAsync(
        string treeId, string prefix, TreeCount count, CancellationToken cancellationToken)
    {
        var entries = new List<TreeEntry>();
        await ListAsync(["ls-tree", "-r", "-l", "-z", treeId], entry =>
        {
            count.Add(entry.Size, prefix + entry.Path);
            entries.Add(entry);
        }, cancellationToken);
        return entries;
    }

    public static DeploymentFailedException TooLarge(string message) => new(
        FailureCode.RepoTooLarge,
        message,
        "Deploy a smaller subdirectory, or leave large files out of the repository.");

    // No machine that builds it could have such a file.
    private static DeploymentFailedException PathTooLong() =>
        TooLarge($"The repository has a path of more than {MaxPathBytes:N0} bytes.");

    private async Task ListAsync(string[] command, Action<TreeEntry> see, CancellationToken cancellationToken)
    {
        var exit = await git.ReadAsync(
            output => GitRecords.ReadAsync(output, 0, MaxRecordBytes, record => see(Parse(record)), PathTooLong), command,
            cancellationToken);
        if (!exit.IsSuccess)
        {
            throw new DeploymentFailedException(
                FailureCode.CloneFailed, $"Git could not read the files: {exit.Errors.Trim()}");
        }
    }

    // "100644 blob 257cc5642cb1a054f08cc83f2d943e56fd3ebe99       4\tpath"; a submodule's or folder's size is "-".
    private static TreeEntry Parse(ReadOnlySpan<byte> record)
    {
        var tab = record.IndexOf((byte)'\t');
        var fields = Encoding.ASCII.GetString(record[..tab]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (record.Length - tab - 1 > MaxPathBytes)
        {
            throw PathTooLong();
        }

        _ = long.TryParse(fields[3], CultureInfo.InvariantCulture, out var size);
        return new TreeEntry(fields[0], fields[2], size, TreePath.Decode(record[(tab + 1)..]));
    }
}
