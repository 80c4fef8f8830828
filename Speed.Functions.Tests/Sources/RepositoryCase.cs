using System.Text.RegularExpressions;

namespace Speed.Tests.Sources;

/// <summary>A case of a file below <c>Sources/Repositories</c>, whose README says how it is written.</summary>
internal sealed partial record RepositoryCase(string Name, string Script)
{
    private static readonly string Folder = Path.Combine(ArchitectureTests.Root, "Speed.Functions.Tests", "Sources", "Repositories");

    /// <summary>What SPEED is asked for; null: the default branch.</summary>
    public string? Branch { get; init; }

    /// <summary>What <c>git clone</c> is asked for, where it does not take the same.</summary>
    public string? Cloned { get; init; }

    /// <summary>The beginning of addresses in whose place <c>git clone</c> is told to take the server's.</summary>
    public string? Instead { get; init; }

    /// <summary>The title of <c>docs/differences.md</c> under which the reason stands; null where both do the same.</summary>
    public string? Differs { get; init; }

    public static IReadOnlyList<RepositoryCase> All { get; } =
        [.. Directory.GetFiles(Folder, "*.txt").Order(StringComparer.Ordinal).SelectMany(file => Parse(File.ReadAllText(file)))];

    /// <summary>The words in which scripts are written.</summary>
    public static string Words { get; } = Path.Combine(Folder, "words.sh");

    private static IEnumerable<RepositoryCase> Parse(string text) =>
        from part in Heading().Split("\n" + text).Skip(1).Chunk(2)
        select ParseOne(part[0], part[1].Split('\n'));

    private static RepositoryCase ParseOne(string name, string[] lines)
    {
        var settings = lines.TakeWhile(line => Setting().IsMatch(line)).Select(line => line.Split(": ", 2)).ToArray();
        return new RepositoryCase(name, string.Join('\n', lines.Skip(settings.Length)))
        {
            Branch = Find("branch"),
            Cloned = Find("clone") ?? Find("branch"),
            Instead = Find("instead"),
            Differs = Find("differs"),
        };

        string? Find(string key) => settings.SingleOrDefault(one => one[0] == key)?[1];
    }

    [GeneratedRegex(@"\n== (.+)\n")]
    private static partial Regex Heading();

    [GeneratedRegex("^(branch|clone|instead|differs): .+$")]
    private static partial Regex Setting();
}
