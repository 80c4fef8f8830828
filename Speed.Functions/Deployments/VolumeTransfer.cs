namespace Speed.Deployments;

/// <summary>Takes the data of a volume out and in, as a tar.</summary>
public sealed class VolumeTransfer(
    IVolumeStore store, IVolumeEngine engine, ServiceVolumes volumes, VolumeList list, DiskGuard disk)
{
    /// <summary>Of a volume in use it is what its program has written so far: of a database, perhaps half a change.</summary>
    public async Task<ExportOutcome> ExportAsync(string engineName, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(engineName, cancellationToken))
        {
            return new ExportOutcome.NotFound();
        }

        var images = await store.ListImagesOfVolumeAsync(engineName, cancellationToken);
        return await engine.OpenVolumeAsync(engineName, images, cancellationToken) is { } tar
            ? new ExportOutcome.Opened(tar)
            : new ExportOutcome.NoImage();
    }

    /// <summary>Unpacks over what is there, of a volume that nobody has: no program finds its files changed under it.</summary>
    public async Task<ImportOutcome> ImportAsync(string engineName, Stream tar, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(engineName, cancellationToken))
        {
            return new ImportOutcome.NotFound();
        }

        if (!await volumes.TryBeginFillingAsync(engineName, cancellationToken))
        {
            return new ImportOutcome.InUse();
        }

        await using var watched = new DiskBoundStream(tar, disk);
        try
        {
            var images = await store.ListImagesOfVolumeAsync(engineName, cancellationToken);
            return await engine.FillVolumeAsync(engineName, images, watched, cancellationToken)
                ? new ImportOutcome.Done()
                : new ImportOutcome.NoImage();
        }
        catch (FormatException fault)
        {
            return new ImportOutcome.NoTar(fault.Message);
        }
        catch (Exception) when (watched.Shortage is not null)
        {
            return new ImportOutcome.DiskLow(watched.Shortage);
        }
        finally
        {
            volumes.EndFilling(engineName);
        }
    }

    // The engine would make one that is not, and nobody would own it.
    private async Task<bool> IsThereAsync(string engineName, CancellationToken cancellationToken) =>
        (await list.ReadAsync(cancellationToken)).Any(
            volume => volume.EngineName == engineName && volume.State != VolumeState.Missing);

    /// <summary>Ends where the disk runs low: what comes in may be larger than all that there is.</summary>
    private sealed class DiskBoundStream(Stream inner, DiskGuard disk) : ReadOnlyStream
    {
        public string? Shortage { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Shortage ??= disk.Fault;
            return Shortage is null
                ? inner.ReadAsync(buffer, cancellationToken)
                : throw new IOException(Shortage);
        }
    }
}

public abstract record ExportOutcome
{
    /// <param name="Tar">To be disposed by whoever has read it.</param>
    public sealed record Opened(Stream Tar) : ExportOutcome;

    public sealed record NotFound : ExportOutcome;

    /// <summary>The engine has no image of SPEED's that the volume could be opened through.</summary>
    public sealed record NoImage : ExportOutcome;
}

public abstract record ImportOutcome
{
    public sealed record Done : ImportOutcome;

    public sealed record NotFound : ImportOutcome;

    public sealed record InUse : ImportOutcome;

    /// <inheritdoc cref="ExportOutcome.NoImage"/>
    public sealed record NoImage : ImportOutcome;

    /// <param name="Reason">The engine's words.</param>
    public sealed record NoTar(string Reason) : ImportOutcome;

    /// <param name="Reason">The disk guard's words. What came before is in the volume.</param>
    public sealed record DiskLow(string Reason) : ImportOutcome;
}
