using System.Formats.Tar;
using Speed.Deployments;
using Speed.Sources;

namespace Speed.Tests.Sources;

/// <summary>A Git server, a work folder and a log of a test's own, and the source under test over them.</summary>
internal sealed class SourceWorld : IAsyncDisposable
{
    private readonly MemoryLogStore _logs = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("speed-source-").FullName;

    private SourceWorld(GitServer server)
    {
        Server = server;
        Options = new GitOptions
        {
            AllowedSchemes = ["https", "http", "file"],
            AllowedHosts = ["127.0.0.1"],
            WorkFolder = Path.Combine(_folder, "git"),
        };
    }

    public GitServer Server { get; }

    public GitOptions Options { get; }

    /// <summary>What lets fetches in, the closest match first. None unless set.</summary>
    public IReadOnlyList<Credential> Credentials { get; set; } = [];

    /// <summary>What whoever deploys might deploy; null, all, unless set.</summary>
    public IReadOnlyList<string>? Repos { get; set; }

    /// <summary>The log of all fetches so far.</summary>
    public IReadOnlyList<string> Log => _logs.Lines(1);

    /// <summary>What is left of fetches.</summary>
    public IReadOnlyList<string> Workspaces =>
        Directory.Exists(Options.WorkFolder) ? Directory.GetDirectories(Options.WorkFolder) : [];

    public static async Task<SourceWorld> StartAsync() => new(await GitServer.StartAsync());

    public Task<ISourceTree> FetchAsync(
        string url, string? branch = null, string? commit = null, string folder = ".", bool submodules = false) =>
        FetchAsync(Deployment(url, branch, commit, folder, submodules) with { Repos = Repos }, CancellationToken.None);

    public async Task<ISourceTree> FetchAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        await using var log = await DeploymentLog.OpenAsync(1, _logs, TimeProvider.System, CancellationToken.None);
        try
        {
            return await new GitSource(Options, TimeProvider.System).FetchAsync(
                deployment, new DeploymentSecrets { Git = Credentials }, log, cancellationToken);
        }
        finally
        {
            await log.FlushAsync();
        }
    }

    /// <summary>A fetch that must fail.</summary>
    public Task<DeploymentFailedException> FailAsync(
        string url, string? branch = null, string? commit = null, string folder = ".", bool submodules = false) =>
        Xunit.Assert.ThrowsAsync<DeploymentFailedException>(
            () => FetchAsync(url, branch, commit, folder, submodules));

    public static Deployment Deployment(
        string url, string? branch = null, string? commit = null, string folder = ".", bool submodules = false) => new()
        {
            Id = 1,
            WorkerId = Guid.Empty,
            Status = DeploymentStatus.Running,
            Version = 1,
            Attempt = 1,
            Epoch = 1,
            RunBy = RunBy.Speed,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Options = new DeploymentOptions
            {
                Url = url,
                Branch = branch,
                Commit = commit,
                Subdirectory = folder,
                Submodules = submodules,
                Timeouts = new Timeouts(),
                BuildResources = new BuildResources(),
                Resources = new Resources(),
            },
        };

    /// <summary>The build context's bytes.</summary>
    public static async Task<byte[]> TarAsync(
        ISourceTree tree, string dockerfile = "Dockerfile", string? text = "FROM busybox\n")
    {
        using var destination = new MemoryStream();
        await tree.WriteContextAsync(dockerfile, text, destination, CancellationToken.None);
        return destination.ToArray();
    }

    /// <summary>The build context's entries with what is in them, in order.</summary>
    public static async Task<IReadOnlyList<ContextEntry>> ContextAsync(
        ISourceTree tree, string dockerfile = "Dockerfile", string? text = "FROM busybox\n")
    {
        using var reader = new TarReader(new MemoryStream(await TarAsync(tree, dockerfile, text)));
        var entries = new List<ContextEntry>();
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            using var content = new StreamReader(entry.DataStream ?? Stream.Null);
            entries.Add(new ContextEntry(entry, await content.ReadToEndAsync()));
        }

        return entries;
    }

    /// <summary>The paths of the context for a builder that is given the Dockerfile apart.</summary>
    public static async Task<IReadOnlyList<string>> PathsAsync(ISourceTree tree, string dockerfile = "Dockerfile") =>
        [.. (await ContextAsync(tree, dockerfile, text: null)).Select(entry => entry.Name)];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

internal sealed record ContextEntry(TarEntry Entry, string Content)
{
    public string Name => Entry.Name;
}
