using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Tells a deployment's log what was fetched, and what of it is not all there.</summary>
internal sealed class GitReport(DeploymentLog log)
{
    private const int LongestSubject = 200;
    private const int NamedSubmodules = 20;

    /// <summary>Gives the commit's time.</summary>
    public async Task<DateTimeOffset> SayCommitAsync(Git git, string commit, CancellationToken cancellationToken)
    {
        var (exit, bytes) = await git.ReadBytesAsync(
            cancellationToken, "log", "-1", "--no-show-signature", "--format=%ct%n%s", commit);
        if (!exit.IsSuccess)
        {
            throw new DeploymentFailedException(
                FailureCode.CloneFailed, $"Git could not read commit {commit}: {exit.Errors.Trim()}");
        }

        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        var subject = lines[1].Length > LongestSubject ? lines[1][..LongestSubject] + "…" : lines[1];
        await log.SayAsync($"Commit {commit}: {(subject.Length > 0 ? subject : "(no message)")}", cancellationToken);
        return ContextTime.Of(lines[0]);
    }

    public async Task SayFilesAsync(
        IReadOnlyList<SourcePart> parts, string folder, CancellationToken cancellationToken)
    {
        var files = parts.Sum(part => part.Files.Count());
        var bytes = parts.Sum(part => part.Files.Sum(file => file.Size));
        await log.SayAsync(
            $"{files:N0} {(files == 1 ? "file" : "files")}, {ByteCount.Format(bytes)}"
            + (folder.Length > 0 ? $", in folder {folder}" : "")
            + (parts.Count > 1 ? $", of {parts.Count - 1:N0} submodules too" : ""), cancellationToken);

        var pointers = new List<string>();
        foreach (var part in parts)
        {
            var found = await new LfsPointers(part.Git).FindAsync(part.Commit, part.Entries, cancellationToken);
            pointers.AddRange(found.Select(path => part.Prefix + path));
        }

        await SayPointersAsync(pointers, cancellationToken);
    }

    public async Task SayUnfetchedAsync(SourcePart part, CancellationToken cancellationToken)
    {
        var submodules = part.Submodules.ToArray();
        foreach (var submodule in submodules.Take(NamedSubmodules))
        {
            await log.SayAsync($"Submodule {TreePath.Show(submodule.Path)} is not fetched", cancellationToken);
        }

        if (submodules.Length > NamedSubmodules)
        {
            await log.SayAsync(
                $"{submodules.Length - NamedSubmodules:N0} more submodules are not fetched", cancellationToken);
        }
    }

    private async Task SayPointersAsync(List<string> pointers, CancellationToken cancellationToken)
    {
        if (pointers.Count > 0)
        {
            await log.SayAsync(
                $"{pointers.Count:N0} {(pointers.Count == 1 ? "file is a pointer" : "files are pointers")} to Git LFS, "
                + $"whose contents are not fetched: {string.Join(", ", pointers.Take(5).Select(TreePath.Show))}"
                + (pointers.Count > 5 ? ", …" : ""), cancellationToken);
        }
    }
}
