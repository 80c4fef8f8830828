using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Speed.Tests.Judge;

/// <summary>The build context of a case, as a folder for <c>docker build</c> and as files of a repository for SPEED.</summary>
internal static class JudgeContext
{
    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Executable =
        Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Writes it as a clone would be, whatever the umask.</summary>
    public static void WriteTo(string folder, IEnumerable<JudgeFile> files)
    {
        CreateFolder(folder);
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file.Path);
            foreach (var inner in FoldersOf(file.Path))
            {
                CreateFolder(Path.Combine(folder, inner));
            }

            if (file.Kind == JudgeFileKind.Link)
            {
                File.CreateSymbolicLink(path, Encoding.UTF8.GetString(file.Content));
                continue;
            }

            File.WriteAllBytes(path, BytesOf(file));
            SetMode(path, file.Kind == JudgeFileKind.Executable ? Executable : Readable);
        }
    }

    /// <summary>Adds it to a repository, below a folder.</summary>
    public static void AddTo(GitChanges repository, string folder, IEnumerable<JudgeFile> files)
    {
        foreach (var file in files)
        {
            var path = $"{folder}/{file.Path}";
            _ = file.Kind switch
            {
                JudgeFileKind.Link => repository.Symlink(path, Encoding.UTF8.GetString(file.Content)),
                JudgeFileKind.Executable => repository.Executable(path, Encoding.UTF8.GetString(file.Content)),
                _ => repository.File(path, BytesOf(file)),
            };
        }
    }

    /// <summary>Packs it for the engine, with the modes of a clone.</summary>
    public static byte[] Pack(IEnumerable<JudgeFile> files)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true))
        {
            var folders = new HashSet<string>();
            foreach (var file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
            {
                foreach (var folder in FoldersOf(file.Path).Where(folders.Add))
                {
                    tar.WriteEntry(new GnuTarEntry(TarEntryType.Directory, folder + "/") { Mode = Executable });
                }

                tar.WriteEntry(file.Kind == JudgeFileKind.Link
                    ? new GnuTarEntry(TarEntryType.SymbolicLink, file.Path) { LinkName = Encoding.UTF8.GetString(file.Content) }
                    : new GnuTarEntry(TarEntryType.RegularFile, file.Path)
                    {
                        DataStream = new MemoryStream(BytesOf(file)),
                        Mode = file.Kind == JudgeFileKind.Executable ? Executable : Readable,
                    });
            }
        }

        return stream.ToArray();
    }

    /// <summary>The texts with the names of the images that stand for <c>{name}</c>.</summary>
    public static IReadOnlyList<JudgeFile> Name(IEnumerable<JudgeFile> files, IReadOnlyDictionary<string, string> images) =>
        [.. files.Select(file => file with { Content = Name(file.Content, images) })];

    private static byte[] Name(byte[] content, IReadOnlyDictionary<string, string> images) =>
        Encoding.Latin1.GetBytes(images.Aggregate(
            Encoding.Latin1.GetString(content),
            (text, image) => text.Replace($"{{{image.Key}}}", image.Value, StringComparison.Ordinal)));

    private static IEnumerable<string> FoldersOf(string path)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            yield return path[..slash];
        }
    }

    private static void CreateFolder(string path)
    {
        Directory.CreateDirectory(path);
        SetMode(path, Executable);
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private static byte[] BytesOf(JudgeFile file)
    {
        if (file.Kind is not (JudgeFileKind.Tar or JudgeFileKind.Gzip))
        {
            return file.Content;
        }

        using var archive = new MemoryStream();
        using (var packed = file.Kind == JudgeFileKind.Gzip ? new GZipStream(archive, CompressionLevel.Fastest, true) : null)
        using (var tar = new TarWriter((Stream?)packed ?? archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            // A line for each file in it: its path, a colon, what is in it.
            foreach (var line in Encoding.UTF8.GetString(file.Content).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var (path, text) = line.Split(": ", 2) is [var before, var after] ? (before, after) : (line, "");
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                    Mode = Readable,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        return archive.ToArray();
    }
}
