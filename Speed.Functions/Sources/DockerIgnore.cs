namespace Speed.Sources;

/// <summary>
/// The rules of a <c>.dockerignore</c> file, as Docker applies them: one pattern a line, <c>#</c> comments,
/// <c>!</c> exceptions; the last rule that fits decides.
/// </summary>
internal sealed class DockerIgnore
{
    /// <summary>The most patterns of a file. Those of people have a few hundred at most.</summary>
    public const int MaxPatterns = 10_000;

    private DockerIgnore(IgnoreRule[] rules) => Rules = rules;

    /// <summary>Excludes nothing.</summary>
    public static DockerIgnore Nothing { get; } = new([]);

    /// <summary>In their order.</summary>
    public IReadOnlyList<IgnoreRule> Rules { get; }

    /// <summary>
    /// Throws <see cref="FormatException"/> with the line where Docker would refuse the file, or where it has more than
    /// <see cref="MaxPatterns"/>.
    /// </summary>
    public static DockerIgnore Parse(string text)
    {
        var rules = new List<IgnoreRule>();
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;

            // Before trimming: a comment begins at the start of its line, a pattern may be indented.
            if (line.StartsWith('#') || Normalize(line.Trim()) is not { Length: > 0 } pattern)
            {
                continue;
            }

            if (rules.Count == MaxPatterns)
            {
                throw new FormatException($"it has more than {MaxPatterns:N0} patterns");
            }

            rules.Add(ParseRule(pattern)
                ?? throw new FormatException($"line {number}, `{line.Trim()}`, is not a pattern"));
        }

        return new DockerIgnore([.. rules]);
    }

    /// <summary>True if the file or folder at this path, relative to the context, is left out of it.</summary>
    public bool Excludes(string path) => new IgnoreWalk(this).Excludes(path);

    // Docker cleans a line before it looks for the mark of an exception, and once more after it.
    private static string Normalize(string line)
    {
        var isException = line.StartsWith('!');
        var pattern = Clean((isException ? line[1..] : line).Trim());
        pattern = pattern.Length > 1 ? pattern.TrimStart('/') : pattern;
        return (isException ? "!" + pattern : pattern).Trim();
    }

    private static IgnoreRule? ParseRule(string line)
    {
        var pattern = Clean(line);
        var isException = pattern.StartsWith('!');
        var rest = isException ? pattern[1..] : pattern;
        return rest.Length > 0 && IgnorePattern.Parse(rest) is { } parsed ? new IgnoreRule(isException, parsed) : null;
    }

    // As Go's filepath.Clean: "/a/./b/../" is "/a".
    private static string Clean(string pattern)
    {
        var isRooted = pattern.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in pattern.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != ".." || (parts.Count == 0 ? !isRooted : parts[^1] == ".."))
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        var cleaned = (isRooted ? "/" : "") + string.Join('/', parts);
        return cleaned.Length == 0 && pattern.Length > 0 ? "." : cleaned;
    }
}

/// <summary>One line of an ignore file.</summary>
internal sealed record IgnoreRule(bool IsException, IgnorePattern Pattern);
