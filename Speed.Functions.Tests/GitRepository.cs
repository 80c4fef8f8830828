namespace Speed.Tests;

/// <summary>A real, bare repository in a temporary folder of its own. Disposing it removes the folder.</summary>
public sealed class GitRepository : IDisposable
{
    private readonly HashSet<string> _branches = [];
    private readonly string _branch;

    private GitRepository(string folder, string url, string branch)
    {
        (Folder, Url, _branch) = (folder, url, branch);
    }

    public string Folder { get; }

    /// <summary>Under the server that made it; else a <c>file://</c> URL.</summary>
    public string Url { get; }

    /// <summary>The commit of the default branch; empty while there is none.</summary>
    public string Head { get; private set; } = "";

    /// <summary>Makes one that is reached by its <c>file://</c> URL. Without changes it is empty.</summary>
    public static Task<GitRepository> CreateAsync(Action<GitChanges>? changes = null, string branch = "main")
    {
        var folder = Directory.CreateTempSubdirectory("speed-repository-").FullName;
        return CreateAsync(folder, new Uri(folder).AbsoluteUri, changes, branch);
    }

    internal static async Task<GitRepository> CreateAsync(
        string folder, string url, Action<GitChanges>? changes, string branch)
    {
        Directory.CreateDirectory(folder);
        await GitCli.RunAsync(folder, "init", "--quiet", "--bare", $"--initial-branch={branch}", ".");
        var repository = new GitRepository(folder, url, branch);
        if (changes is not null)
        {
            await repository.ChangeAsync(changes);
        }

        return repository;
    }

    /// <summary>Adds to the history, from the default branch on.</summary>
    public async Task ChangeAsync(Action<GitChanges> changes)
    {
        await GitCli.RunAsync(Folder, script =>
        {
            var told = new GitChanges(script, _branch, _branches);
            changes(told);
            told.CommitPending();
        }, "fast-import", "--quiet", "--force");
        if (_branches.Contains(_branch))
        {
            Head = await CommitAsync(_branch);
        }
    }

    /// <summary>The commit that a branch, tag or other revision names.</summary>
    public Task<string> CommitAsync(string revision) =>
        GitCli.RunAsync(Folder, "rev-parse", "--verify", "--end-of-options", revision + "^{commit}");

    /// <summary>Any git command in it; gives the output.</summary>
    public Task<string> GitAsync(params IEnumerable<string> arguments) => GitCli.RunAsync(Folder, arguments);

    public void Dispose()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
