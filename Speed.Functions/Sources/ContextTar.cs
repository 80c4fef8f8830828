using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;
using System.Text;

namespace Speed.Sources;

/// <summary>
/// Writes a build context as GNU tar. Owner and time are the same for every entry, so that equal trees give equal
/// bytes; nothing is held in memory but a block.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification =
    "Disposed, the writer would end even a tar that was given up, towards a reader that may not read on.")]
internal sealed class ContextTar(Stream destination)
{
    private const int BlockBytes = 512;

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite
        | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Executable = Readable
        | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode All = Executable | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    // Not the epoch: zip files, and so Python's wheels, know no year before 1980.
    private static readonly DateTimeOffset Time = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TarWriter _writer = new(destination, TarEntryFormat.Gnu, leaveOpen: true);

    public Task WriteDockerfileAsync(string path, string text, CancellationToken cancellationToken) =>
        WriteAsync(TarEntryType.RegularFile, path, Readable, entry =>
            entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), cancellationToken);

    /// <summary>
    /// Copies what <paramref name="excludes"/>, asked without a last slash, leaves of a tar, each name behind the
    /// prefix.
    /// </summary>
    public async Task CopyAsync(
        Stream archive, string prefix, Func<string, bool> excludes, CancellationToken cancellationToken)
    {
        await using var reader = new TarReader(archive, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            var name = prefix + entry.Name;
            if (entry.EntryType is not TarEntryType.GlobalExtendedAttributes && !excludes(name.TrimEnd('/')))
            {
                await CopyAsync(entry, name, cancellationToken);
            }
        }

        // Git waits until its last block of zeros is read.
        await archive.CopyToAsync(Stream.Null, cancellationToken);
    }

    /// <summary>Ends the tar.</summary>
    public Task FinishAsync(CancellationToken cancellationToken) =>
        destination.WriteAsync(new byte[2 * BlockBytes], cancellationToken).AsTask();

    private Task CopyAsync(TarEntry entry, string name, CancellationToken cancellationToken) => entry.EntryType switch
    {
        TarEntryType.Directory =>
            WriteAsync(TarEntryType.Directory, name, Executable, _ => { }, cancellationToken),
        TarEntryType.SymbolicLink =>
            WriteAsync(entry.EntryType, name, All, copy => copy.LinkName = entry.LinkName, cancellationToken),
        _ =>
            WriteAsync(
                TarEntryType.RegularFile,
                name,
                entry.Mode.HasFlag(UnixFileMode.UserExecute) ? Executable : Readable,
                copy => copy.DataStream = entry.DataStream is { } data ? new SizedStream(data, entry.Length) : null,
                cancellationToken),
    };

    private async Task WriteAsync(
        TarEntryType type, string name, UnixFileMode mode, Action<TarEntry> fill, CancellationToken cancellationToken)
    {
        var entry = new GnuTarEntry(type, name)
        {
            Mode = mode,
            Uid = 0,
            Gid = 0,
            ModificationTime = Time,
            AccessTime = default,
            ChangeTime = default,
        };
        fill(entry);
        await _writer.WriteEntryAsync(entry, cancellationToken);
    }
}
