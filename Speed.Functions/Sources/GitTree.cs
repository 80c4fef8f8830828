using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>One entry of a tree.</summary>
/// <param name="Mode">
/// Git's: <c>100644</c>, <c>100755</c>, <c>120000</c> a symbolic link, <c>160000</c> a submodule.
/// </param>
internal readonly record struct TreeEntry(string Mode, string ObjectId, long Size, string Path)
{
    public bool IsRegular => Mode.StartsWith("100", StringComparison.Ordinal);

    public bool IsSubmodule => Mode == "160000";
}

/// <summary>Reads and counts a tree, however large it claims to be.</summary>
internal sealed class GitTree(Git git)
{
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

    /// <summary>The first ten folders at the top of a commit.</summary>
    public async Task<IReadOnlyList<string>> FoldersAsync(string commit, CancellationToken cancellationToken)
    {
        var text = await git.ReadTextAsync(cancellationToken, "ls-tree", "-d", "-z", "--name-only", commit) ?? "";
        return [.. text.Split('\0', StringSplitOptions.RemoveEmptyEntries).Take(10)];
    }

    /// <summary>Every file below; throws <c>REPO_TOO_LARGE</c> as soon as a limit is passed.</summary>
    /// <param name="prefix">Where the tree is in what is counted.</param>
    public async Task<List<TreeEntry>> ListAsync(
        string treeId, string prefix, TreeCount count, CancellationToken cancellationToken)
    {
        var entries = new List<TreeEntry>();
        var exit = await git.ReadAsync(output => ReadRecordsAsync(output, record =>
        {
            var entry = Parse(record);
            entries.Add(entry);
            count.Add(entry.Size, prefix + entry.Path);
        }), ["ls-tree", "-r", "-l", "-z", treeId], cancellationToken);

        return exit.IsSuccess ? entries : throw new DeploymentFailedException(
            FailureCode.CloneFailed, $"Git could not read the files: {exit.Errors.Trim()}");
    }

    public static DeploymentFailedException TooLarge(string message) => new(
        FailureCode.RepoTooLarge,
        message,
        "Deploy a smaller subdirectory, or leave large files out of the repository.");

    private static async Task ReadRecordsAsync(Stream output, Action<string> see)
    {
        var reader = PipeReader.Create(output);
        while (true)
        {
            var read = await reader.ReadAsync(CancellationToken.None);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)0) is { } end)
            {
                see(Encoding.UTF8.GetString(buffer.Slice(0, end)));
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    // "100644 blob 257cc5642cb1a054f08cc83f2d943e56fd3ebe99       4\tpath"; a submodule's size is "-".
    private static TreeEntry Parse(string record)
    {
        var tab = record.IndexOf('\t');
        var fields = record[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _ = long.TryParse(fields[3], CultureInfo.InvariantCulture, out var size);
        return new TreeEntry(fields[0], fields[2], size, record[(tab + 1)..]);
    }
}
