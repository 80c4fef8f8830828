using System.Text;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>The ignore file that counts for a build: that of the Dockerfile's own name, or the general one.</summary>
/// <param name="Path">Null where there is none.</param>
/// <param name="IsUtf8">False if it was written as UTF-16, which no builder reads.</param>
internal sealed record IgnoreFile(string? Path, DockerIgnore Rules, bool IsUtf8)
{
    /// <summary>The general one's name.</summary>
    public const string General = ".dockerignore";

    private static readonly (byte[] Mark, Encoding Encoding)[] Marked =
    [
        ([0xFF, 0xFE], new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true)),
        ([0xFE, 0xFF], new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true)),
    ];

    /// <summary>Throws where it is there and cannot be read: without its rules secrets would be in the image.</summary>
    public static async Task<IgnoreFile> ReadAsync(
        TreeFiles files, string dockerfile, CancellationToken cancellationToken)
    {
        foreach (var path in new[] { $"{dockerfile}{General}", General })
        {
            if (await files.ReadAsync(path, cancellationToken) is { } bytes)
            {
                return Parse(path, bytes);
            }
        }

        return new IgnoreFile(null, DockerIgnore.Nothing, IsUtf8: true);
    }

    /// <summary>
    /// What the legacy builder must be given as the general file, so that it leaves out the Dockerfile that it was given
    /// in the context: it obeys that file alone, and for these two names only. Null: what is in the tree will do.
    /// </summary>
    public async Task<byte[]?> ForLegacyBuilderAsync(
        TreeFiles files, string dockerfile, CancellationToken cancellationToken)
    {
        var isKept = files.Has(General) && !Rules.Excludes(General);
        if (files.Has(dockerfile) && (!Rules.Excludes(dockerfile) || (isKept && Path == General && IsUtf8)))
        {
            return null;
        }

        // As `docker build -f -` does it: the file's text with one line more.
        var text = isKept ? Decode(General, (await files.ReadAsync(General, cancellationToken))!).Text : General;
        return TreePath.Encode($"{text}\n{Literally(dockerfile)}\n");
    }

    private static IgnoreFile Parse(string path, byte[] bytes)
    {
        var (text, isUtf8) = Decode(path, bytes);
        try
        {
            return new IgnoreFile(path, DockerIgnore.Parse(text), isUtf8);
        }
        catch (FormatException fault)
        {
            throw Unusable(path, fault);
        }
    }

    public static DeploymentFailedException Unusable(string path, FormatException fault) => new(
        FailureCode.BuildFailed,
        $"`{TreePath.Show(path)}` cannot be used: {TreePath.Show(fault.Message)}.",
        "Correct the file; fewer and simpler patterns do, or one folder instead of its files.");

    private static (string Text, bool IsUtf8) Decode(string path, byte[] bytes)
    {
        var (mark, encoding) = Array.Find(Marked, one => bytes.AsSpan().StartsWith(one.Mark));
        string text;
        try
        {
            text = encoding is null ? TreePath.Decode(bytes) : encoding.GetString(bytes, mark.Length, bytes.Length - mark.Length);
        }
        catch (ArgumentException)
        {
            throw Git.Unreadable(FailureCode.BuildFailed, path, "it begins as UTF-16, and is none");
        }

        return text.Contains('\0')
            ? throw Git.Unreadable(
                FailureCode.BuildFailed, path, "it has zero bytes, as UTF-16 without its mark has: save it as UTF-8")
            : (text, encoding is null);
    }

    // A pattern that this one path fits.
    private static string Literally(string path) => string.Concat(path.Select((one, i) => one switch
    {
        '*' or '?' or '[' or '\\' => $@"\{one}",
        '!' or '#' when i == 0 => $"[{one}]",
        ' ' when i == 0 || i == path.Length - 1 => "[ ]",
        _ => $"{one}",
    }));
}
