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
            for (var slash = file.Path.IndexOf('/'); slash > 0; slash = file.Path.IndexOf('/', slash + 1))
            {
                CreateFolder(Path.Combine(folder, file.Path[..slash]));
            }

            if (file.Kind == JudgeFileKind.Link)
            {
                File.CreateSymbolicLink(path, Encoding.UTF8.GetString(file.Content));
                continue;
            }

            File.WriteAllBytes(path, BytesOf(file));
            File.SetUnixFileMode(path, file.Kind == JudgeFileKind.Executable ? Executable : Readable);
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

    /// <summary>The texts with the names of the images that stand for <c>{name}</c>.</summary>
    public static IReadOnlyList<JudgeFile> Name(IEnumerable<JudgeFile> files, IReadOnlyDictionary<string, string> images) =>
        [.. files.Select(file => file with { Content = Name(file.Content, images) })];

    private static byte[] Name(byte[] content, IReadOnlyDictionary<string, string> images) =>
        Encoding.Latin1.GetBytes(images.Aggregate(
            Encoding.Latin1.GetString(content),
            (text, image) => text.Replace($"{{{image.Key}}}", image.Value, StringComparison.Ordinal)));

    private static void CreateFolder(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Executable);
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
