namespace Speed.Deployments;

/// <summary>
/// What builds images and runs containers. Containers bear deterministic names, so every step is "create or
/// adopt". Throws <see cref="DeploymentFailedException"/> for what went wrong with a deployment, with
/// <see cref="FailureCode.DockerUnavailable"/> where the engine does not answer.
/// </summary>
public interface IRunner
{
    /// <summary>Null if the engine answers; else one sentence on what is wrong and the way out.</summary>
    Task<string?> FindFaultAsync(CancellationToken cancellationToken);

    /// <summary>Where on this machine images and containers are kept; null where that cannot be seen from here.</summary>
    Task<string?> FindDataFolderAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Reads the Dockerfile, judges and pulls every image it names, puts them in by their full names, and works out the
    /// image's key.
    /// </summary>
    Task<BuildPlan> PlanAsync(
        Deployment deployment, ISourceTree source, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken);

    /// <summary>True if the engine still has the image that was built under this record.</summary>
    Task<bool> HasImageAsync(ImageRecord image, CancellationToken cancellationToken);

    /// <summary>Builds, telling the log line by line. Gives the image's id. Canceled means the engine stopped, too.</summary>
    Task<string> BuildAsync(BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken);

    /// <summary>What an image says of the programs that it holds.</summary>
    Task<ImageTraits> DescribeImageAsync(string imageId, CancellationToken cancellationToken);

    /// <summary>
    /// Where the ports of a service can be published: on the host's port where one is named, else where it was kept if
    /// that is free, else on a free one. Held for the deployment until its containers are removed. Empty where
    /// containers have no network.
    /// </summary>
    IReadOnlyList<PublishedPort> ChooseEndpoints(
        Deployment deployment, IReadOnlyList<PortOption> ports, IReadOnlyList<PublishedPort> kept);

    /// <summary>Creates the container of this attempt, or adopts the one that is there. Does not start it.</summary>
    Task<IContainer> CreateAsync(
        Deployment deployment, string imageId, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken);

    /// <summary>The container of this attempt; null if there is none.</summary>
    Task<IContainer?> FindAsync(Deployment deployment, DeploymentLog log, CancellationToken cancellationToken);

    /// <summary>What an image takes on the engine, in bytes that others may share; null if the engine has none such.</summary>
    Task<long?> MeasureImageAsync(string imageId, CancellationToken cancellationToken);

    /// <summary>
    /// Takes this instance's names off an image, and removes it where nobody else has named it. True too if the engine
    /// has none such; false, and nothing done, while a container uses it.
    /// </summary>
    Task<bool> RemoveImageAsync(UnneededImage image, CancellationToken cancellationToken);

    /// <summary>
    /// What builds of this instance keep for later ones, and nothing uses now: cache mounts. The layers of the engine's cache
    /// are not among them, for nothing tells whose they are.
    /// </summary>
    Task<IReadOnlyList<OwnCache>> ListCachesAsync(CancellationToken cancellationToken);

    /// <summary>False if the engine has none such, or a build uses it by now.</summary>
    Task<bool> RemoveCacheAsync(OwnCache cache, CancellationToken cancellationToken);

    /// <summary>The containers of this instance, whatever their state.</summary>
    Task<IReadOnlyList<OwnContainer>> ListContainersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// What the containers of each deployment have written into themselves, in bytes, by its number. Volumes and the image do
    /// not count.
    /// </summary>
    Task<IReadOnlyDictionary<long, long>> MeasureContainersAsync(CancellationToken cancellationToken);

    /// <summary>The images that bear this instance's tags.</summary>
    Task<IReadOnlyList<OwnImage>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Stops and removes one container, or keeps it, as <see cref="RemoveAllAsync"/> does. Idempotent.</summary>
    Task RemoveAsync(OwnContainer container, CancellationToken cancellationToken);

    /// <summary>
    /// Stops and removes whatever containers the deployment has, of any attempt. Idempotent. One that ran without the
    /// volumes that were asked for holds data in itself: it is stopped, kept under another name, and no container of ours
    /// from then on.
    /// </summary>
    Task RemoveAllAsync(long deploymentId, CancellationToken cancellationToken);
}

/// <summary>A container that this instance made.</summary>
/// <param name="WasStarted">Its program ran, or runs.</param>
public sealed record OwnContainer(long DeploymentId, int Attempt, string Name, bool WasStarted);

/// <summary>What builds of this instance keep for later ones.</summary>
public sealed record OwnCache(string Id, long Bytes);

/// <summary>An image that bears tags of this instance.</summary>
/// <param name="Keys">Of its builds, as the tags say.</param>
public sealed record OwnImage(string Id, IReadOnlyList<string> Keys, long Bytes);

/// <param name="Ports">TCP ports that it exposes, with those of its base, by number.</param>
/// <param name="HasHealthcheck">It says how to tell that the program is well.</param>
public sealed record ImageTraits(IReadOnlyList<int> Ports, bool HasHealthcheck);

/// <summary>What a probe of a service found.</summary>
/// <param name="IsConclusive">True if more probes would change nothing: the engine has given up.</param>
/// <param name="Answer">One sentence on what was asked and what came back.</param>
public sealed record ProbeAnswer(bool IsHealthy, bool IsConclusive, string Answer)
{
    /// <summary>True while the engine's health check has come to nothing yet: neither well nor ill.</summary>
    public bool IsPending { get; init; }

    /// <summary>What was seen in the container of why it does not answer; null for nothing.</summary>
    public ProgramFault? Seen { get; init; }
}

/// <summary>A build about to be made.</summary>
/// <param name="Key">What the image depends on; 64 lower-case hex digits.</param>
/// <param name="Dockerfile">Its path, as asked for: the ignore file of its own goes by that.</param>
/// <param name="DockerfileText">As it is sent to the engine: what was judged stands in it by its full name.</param>
public sealed record BuildPlan(
    Deployment Deployment, string Key, string Dockerfile, string DockerfileText,
    IReadOnlyDictionary<string, string> BuildArgs) : IAsyncDisposable
{
    /// <summary>Where the Dockerfile's path leads: there it is for a builder that looks for it in the context.</summary>
    public string DockerfileInTree { get; init; } = Dockerfile;

    /// <summary>
    /// What the key was before a Dockerfile's words were judged one by one: an image of then is one of the same commit and
    /// options. Null where there is none such, and where that key does not tell what is in the image.
    /// </summary>
    public string? FormerKey { get; init; }

    /// <summary>TCP ports that the Dockerfile itself exposes, in its order; those of a base image are not among them.</summary>
    public IReadOnlyList<int> Exposed { get; init; } = [];

    /// <summary>The images and files that come into the build from elsewhere, in the order of the Dockerfile.</summary>
    public IReadOnlyList<BuildSource> Sources { get; init; } = [];

    /// <summary>What the Dockerfile adds by address, each file once. Gone with the plan.</summary>
    public IReadOnlyList<FetchedFile> Fetched { get; init; } = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var file in Fetched)
        {
            await file.DisposeAsync();
        }
    }
}

/// <summary>One container of one attempt.</summary>
public interface IContainer : IAsyncDisposable
{
    ContainerState State { get; }

    /// <summary>What it is asked to end with: <c>SIGTERM</c>, or what its image's STOPSIGNAL says.</summary>
    string StopSignal { get; }

    /// <summary>
    /// Begins to hand all output to <paramref name="sink"/> in the order of each stream, and waits for it:
    /// a slow sink holds the container back. Attach before start, or the first lines are lost. Where the container
    /// has ended by then, nothing comes, and <see cref="State"/> says so.
    /// </summary>
    Task AttachAsync(OutputSink sink, CancellationToken cancellationToken);

    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Hands what the engine kept of the output since the start to <paramref name="sink"/>, up to now. False, and
    /// perhaps only a part of it, where the engine kept less than all.
    /// </summary>
    Task<bool> ReadKeptAsync(OutputSink sink, CancellationToken cancellationToken);

    /// <summary>
    /// When the engine took the oldest output that it still has, by its own clock; null where it has none. It keeps the
    /// latest only: the start of a long output goes first.
    /// </summary>
    Task<DateTimeOffset?> FindOldestKeptAsync(CancellationToken cancellationToken);

    /// <summary>How many bytes of each stream the engine has kept; null where it does not give them.</summary>
    /// <param name="until">Of those that it took up to then, by its own clock; null for all up to now.</param>
    Task<IReadOnlyDictionary<LogStream, long>?> MeasureKeptAsync(
        DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>Waits for the exit and for the last byte of the output after it.</summary>
    Task<ContainerExit> WaitAsync(CancellationToken cancellationToken);

    /// <summary>Asks once whether the program serves.</summary>
    /// <param name="isUp">
    /// False while it comes up: until the engine has come to a word, the command of a health check is run by SPEED.
    /// </param>
    Task<ProbeAnswer> ProbeAsync(bool isUp, CancellationToken cancellationToken);

    /// <summary>The ports of the container that are published and take connections now, in the deployment's order.</summary>
    Task<IReadOnlyList<int>> ListAnsweringPortsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The shell that gets <see cref="StopSignal"/> in the place of the program that it runs; null where none was seen.
    /// </summary>
    Task<string?> FindShellInFrontAsync(CancellationToken cancellationToken);

    /// <summary>Its <see cref="StopSignal"/>, and SIGKILL after <paramref name="grace"/>. Idempotent.</summary>
    Task StopAsync(TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Removes it with its anonymous volumes. Idempotent.</summary>
    Task RemoveAsync(CancellationToken cancellationToken);
}

public enum ContainerState
{
    Created,
    Running,
    Exited,
}

/// <summary>Takes bytes of one stream as they come.</summary>
public delegate ValueTask OutputSink(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

/// <param name="OutOfMemory">The kernel killed the program for its memory limit.</param>
/// <param name="EngineRestarted">The engine went away while it ran: the code is not the program's.</param>
public sealed record ContainerExit(int Code, bool OutOfMemory, bool EngineRestarted)
{
    /// <summary>What was seen to be wrong with the program's own file; null for nothing.</summary>
    public ProgramFault? Program { get; init; }
}

/// <summary>
/// What was seen to be wrong with a program: in its file, why the kernel does not run it; in its sockets, why nobody reaches it.
/// </summary>
/// <param name="What">A sentence without its end: it names the file, or the port.</param>
/// <param name="WayOut">Whole sentences.</param>
public sealed record ProgramFault(string What, string WayOut);
