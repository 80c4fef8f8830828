using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Speed.Runners;

namespace Speed.Tests.Judge;

/// <summary>
/// One case of a data file below <c>Judge/</c>: a build context and how it is built. <c>Judge/README.md</c> says how
/// they are written.
/// </summary>
internal sealed partial record JudgeCase
{
    /// <summary>The data file without its folder and ending.</summary>
    public required string File { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<JudgeFile> Files { get; init; }

    /// <summary>Images that have to be there before: by the name that stands for each in the texts, their Dockerfiles.</summary>
    public required IReadOnlyDictionary<string, byte[]> Bases { get; init; }

    public required IReadOnlyDictionary<string, string> BuildArgs { get; init; }

    /// <summary>Where Docker itself refuses it.</summary>
    public required IReadOnlyList<Where> Refused { get; init; }

    /// <summary>Where SPEED's image is another one, and under which title of <c>docs/differences.md</c> the reason stands.</summary>
    public required IReadOnlyList<(Where Where, string Title)> Differences { get; init; }

    public string? Target { get; init; }

    public string Dockerfile { get; init; } = "Dockerfile";

    /// <summary>All cases of a folder of data, in the order of their files.</summary>
    public static IReadOnlyList<JudgeCase> ReadAll(string folder) =>
        [.. Directory.GetFiles(Path.Combine(ArchitectureTests.Root, "Speed.Functions.Tests", "Judge", folder), "*.txt")
            .Order(StringComparer.Ordinal)
            .SelectMany(file => Parse(Path.GetFileNameWithoutExtension(file), System.IO.File.ReadAllText(file)))];

    public override string ToString() => $"{File}: {Name}";

    internal static IEnumerable<JudgeCase> Parse(string file, string text) =>
        from part in Heading().Split("\n" + text).Skip(1).Chunk(2)
        select ParseOne(file, part[0], part[1]);

    private static JudgeCase ParseOne(string file, string name, string body)
    {
        var parts = FileHeading().Split("\n" + body);
        var settings = parts[0].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(": ", 2))
            .Select(pair => (Key: pair[0].Split(' '), Value: pair[1]))
            .ToArray();
        var files = parts.Skip(1).Chunk(2).SelectMany(pair => JudgeFile.Parse(pair[0], pair[1])).ToArray();
        var unknown = settings.Select(one => one.Key[0])
            .Except(["arg", "refused", "differs", "target", "dockerfile"]).ToArray();
        return unknown.Length > 0
            ? throw new InvalidDataException($"{file}: {name}: `{unknown[0]}` is not known.")
            : new JudgeCase
            {
                File = file,
                Name = name,
                Files = [.. files.Where(one => one.Kind != JudgeFileKind.Base)],
                Bases = files.Where(one => one.Kind == JudgeFileKind.Base)
                    .ToDictionary(one => one.Path, one => one.Content),
                BuildArgs = Of("arg").Select(arg => arg.Split('=', 2)).ToDictionary(arg => arg[0], arg => arg[1]),
                Refused = [.. Of("refused").Select(value => new Where(value.Split(' ')))],
                Differences = [.. settings.Where(one => one.Key[0] == "differs").Select(one => (new Where(one.Key[1..]), one.Value))],
                Target = Of("target").SingleOrDefault(),
                Dockerfile = Of("dockerfile").SingleOrDefault() ?? "Dockerfile",
            };

        IEnumerable<string> Of(string key) => settings.Where(one => one.Key[0] == key).Select(one => one.Value);
    }

    [GeneratedRegex(@"\n== (.+)\n")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\n-- (.+)(?=\n)")]
    private static partial Regex FileHeading();
}

/// <summary>Engines and builders: <c>old</c>, <c>new</c>, <c>buildkit</c>, <c>legacy</c>; all that is named holds.</summary>
internal sealed record Where(IReadOnlyList<string> Names)
{
    /// <param name="isNew">The engine knows here-documents.</param>
    public bool Holds(Sandbox builder, bool isNew) => Names.All(name => name switch
    {
        "always" => true,
        "new" => isNew,
        "old" => !isNew,
        "buildkit" => builder == Sandbox.Standard,
        "legacy" => builder == Sandbox.Strict,
        _ => throw new InvalidDataException($"`{name}` is no engine and no builder."),
    });
}

internal enum JudgeFileKind
{
    Plain,
    Executable,
    Link,
    Tar,
    Gzip,
    Base,
}

/// <param name="Content">Where a link leads, for one.</param>
internal sealed partial record JudgeFile(JudgeFileKind Kind, string Path, byte[] Content)
{
    private const string Many = "(files)";

    private static readonly (string Mark, string Meaning)[] Marks =
    [
        ("␃\n", ""), ("␍", "\r"), ("␉", "\t"), ("␋", "\v"), ("␌", "\f"), ("␀", "\0"), ("␠", " "), ("⍽", "\u00A0"),
        ("{bom}", "\uFEFF"),
    ];

    /// <param name="heading">What stands behind <c>--</c>.</param>
    /// <param name="body">What follows, from the end of that line on.</param>
    public static IEnumerable<JudgeFile> Parse(string heading, string body)
    {
        if (heading == Many)
        {
            return body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(path => new JudgeFile(JudgeFileKind.Plain, Expand(path), ToBytes(path)));
        }

        var match = Heading().Match(heading);
        var kind = match.Groups["kind"].Value switch
        {
            "" when match.Groups["link"].Success => JudgeFileKind.Link,
            "" when match.Groups["base"].Success => JudgeFileKind.Base,
            "" => JudgeFileKind.Plain,
            "executable" => JudgeFileKind.Executable,
            "tar" => JudgeFileKind.Tar,
            "tar.gz" => JudgeFileKind.Gzip,
            var other => throw new InvalidDataException($"`{other}` is no kind of file."),
        };
        var content = kind == JudgeFileKind.Link
            ? match.Groups["link"].Value
            : body.Trim('\n').Length > 0 ? body[1..].TrimEnd('\n') + "\n" : "";
        return [new JudgeFile(kind, Expand(match.Groups["path"].Value), ToBytes(content))];
    }

    /// <summary>With marks taken for what they stand for.</summary>
    public static byte[] ToBytes(string text)
    {
        var parts = RawByte().Split(Expand(text));
        return [.. parts.SelectMany((part, i) => i % 2 == 0
            ? Encoding.UTF8.GetBytes(part)
            : [byte.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture)])];
    }

    private static string Expand(string text) =>
        Marks.Aggregate(text, (current, mark) => current.Replace(mark.Mark, mark.Meaning, StringComparison.Ordinal));

    [GeneratedRegex(@"^(?<base>base )?(?<path>.+?)( -> (?<link>.+)| \((?<kind>executable|tar|tar\.gz)\))?$")]
    private static partial Regex Heading();

    [GeneratedRegex("⟨([0-9A-F]{2})⟩")]
    private static partial Regex RawByte();
}
