using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Tells a deployment's log what was fetched, and what of it is not all there.</summary>
internal sealed class GitReport(Git git, DeploymentLog log)
{
    private const int LongestSubject = 200;
    private const int NamedSubmodules = 20;

    public async Task SayCommitAsync(string commit, CancellationToken cancellationToken)
    {
        var subject = await git.AskAsync(cancellationToken, "log", "-1", "--no-show-signature", "--format=%s", commit);
        var text = subject is { Length: > LongestSubject } ? subject[..LongestSubject] + "…" : subject;
        await log.SayAsync($"Commit {commit}: {text ?? "(no message)"}", cancellationToken);
    }

    public async Task SayFilesAsync(
        string commit, string folder, IReadOnlyList<TreeEntry> entries, CancellationToken cancellationToken)
    {
        var submodules = entries.Where(entry => entry.IsSubmodule).ToArray();
        var files = entries.Count - submodules.Length;
        await log.SayAsync(
            $"{files:N0} {(files == 1 ? "file" : "files")}, {ByteCount.Format(entries.Sum(entry => entry.Size))}"
            + (folder.Length > 0 ? $", in folder {folder}" : ""), cancellationToken);

        foreach (var submodule in submodules.Take(NamedSubmodules))
        {
            await log.SayAsync($"Submodule {submodule.Path} is not fetched", cancellationToken);
        }

        if (submodules.Length > NamedSubmodules)
        {
            await log.SayAsync(
                $"{submodules.Length - NamedSubmodules:N0} more submodules are not fetched", cancellationToken);
        }

        var pointers = await new LfsPointers(git).FindAsync(commit, entries, cancellationToken);
        await SayPointersAsync(pointers, cancellationToken);
    }

    private async Task SayPointersAsync(IReadOnlyList<string> pointers, CancellationToken cancellationToken)
    {
        if (pointers.Count > 0)
        {
            await log.SayAsync(
                $"{pointers.Count:N0} {(pointers.Count == 1 ? "file is a pointer" : "files are pointers")} to Git LFS, "
                + $"whose contents are not fetched: {string.Join(", ", pointers.Take(5))}"
                + (pointers.Count > 5 ? ", …" : ""), cancellationToken);
        }
    }
}
