namespace Speed.Deployments;

/// <summary>What takes room while a disk is short of it.</summary>
/// <param name="Bytes">What it holds that goes or can be taken back with its stop: its container's own layer, its log.</param>
/// <param name="Growth">By how much of that it grew between the last two looks. A service's volumes never count.</param>
internal sealed record DiskConsumer(long Id, DiskConsumerKind Kind, long Bytes, long Growth)
{
    // What a program writes now and then is not what fills a disk.
    private const long LeastGrowth = 1024 * 1024;

    private bool Grows => Growth >= LeastGrowth;

    /// <summary>
    /// Which is stopped first: of jobs and builds the one that grows fastest; then services that grow, for they come
    /// back; then the other builds, the newest first, for they come back, too; then the other jobs, the largest first. Null
    /// where none is to be stopped: a service that does not grow never is.
    /// </summary>
    /// <param name="all">Those that began first come first.</param>
    public static DiskConsumer? FindNext(IReadOnlyList<DiskConsumer> all) =>
        all.Where(one => one.Grows && one.Kind != DiskConsumerKind.Service).MaxBy(one => one.Growth)
        ?? all.Where(one => one.Grows).MaxBy(one => one.Growth)
        ?? all.LastOrDefault(one => one.Kind == DiskConsumerKind.Build)
        ?? all.Where(one => one.Kind == DiskConsumerKind.Job).MaxBy(one => one.Bytes);

    /// <summary>Why it is the one, to be read after "because".</summary>
    public string Why => Grows
        ? $"it grew fastest: by {ByteCount.Format(Growth)}"
        : "it was at work, and nothing that could be stopped grew";
}

internal enum DiskConsumerKind
{
    /// <summary>Being cloned or built: it can begin anew.</summary>
    Build,

    /// <summary>A program that is to run once: it is not started again.</summary>
    Job,
    Service,
}
