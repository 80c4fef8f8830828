namespace Speed.Security;

/// <summary>Small files with keys in them, for the eyes of their owner alone.</summary>
internal static class PrivateFile
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a file that is whole or not there, mode 0600, also after a power cut.</summary>
    public static void Create(string path, string text)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Own;
        }

        using (var file = new FileStream(unfinished, options))
        {
            using var writer = new StreamWriter(file);
            writer.Write(text);
            writer.Flush();
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path);
    }

    /// <summary>
    /// Its text. Throws <see cref="InvalidOperationException"/>, with a sentence, where others may read it too.
    /// </summary>
    public static string Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(Own | UnixFileMode.UserExecute)) != 0)
        {
            throw new InvalidOperationException(
                $"{path} holds a key, and others may read it: run chmod 600 on it, and change the key if they may have.");
        }

        return File.ReadAllText(path);
    }
}
