using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Counts what a source holds, its submodules with it.</summary>
internal sealed class TreeCount(GitOptions limits)
{
    private int _files;
    private long _bytes;
    private long _nameBytes;

    /// <summary>Throws <c>REPO_TOO_LARGE</c> if the file is one too many.</summary>
    /// <param name="path">From the top of the source.</param>
    public void Add(long bytes, string path)
    {
        _bytes += bytes;
        if (++_files > limits.TreeMaxFiles)
        {
            throw GitTree.TooLarge($"The repository has more than {limits.TreeMaxFiles:N0} files.");
        }

        if (_bytes > limits.TreeMaxBytes)
        {
            throw GitTree.TooLarge(
                $"The repository's files have more than {ByteCount.Format(limits.TreeMaxBytes)} together.");
        }

        _nameBytes += path.Length;
        if (_nameBytes > limits.TreeMaxNameBytes)
        {
            throw GitTree.TooLarge(
                $"The names of the repository's files have more than {ByteCount.Format(limits.TreeMaxNameBytes)} together.");
        }

        if (path.AsSpan().Count('/') > limits.TreeMaxDepth)
        {
            throw GitTree.TooLarge($"The repository's folders are more than {limits.TreeMaxDepth} deep.");
        }
    }
}
