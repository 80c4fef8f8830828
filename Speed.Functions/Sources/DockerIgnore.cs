namespace Speed.Sources;

/// <summary>
/// The rules of a <c>.dockerignore</c> file, as Docker applies them: one pattern a line, <c>#</c> comments,
/// <c>!</c> exceptions; the last rule that fits decides.
/// </summary>
internal sealed class DockerIgnore
{
    private readonly Rule[] _rules;
    private readonly string[] _exceptions;

    private DockerIgnore(Rule[] rules, string[] exceptions) => (_rules, _exceptions) = (rules, exceptions);

    /// <summary>Excludes nothing.</summary>
    public static DockerIgnore Nothing { get; } = new([], []);

    /// <summary>Throws <see cref="FormatException"/> with the line where Docker would refuse the file.</summary>
    public static DockerIgnore Parse(string text)
    {
        var rules = new List<Rule>();
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            // Before trimming: a comment begins at the start of its line, a pattern may be indented.
            if (!line.StartsWith('#') && Normalize(line.Trim()) is { Length: > 0 } pattern)
            {
                rules.Add(ParseRule(pattern)
                    ?? throw new FormatException($"line {number}, `{line.Trim()}`, is not a pattern"));
            }
        }

        return new DockerIgnore([.. rules], []);
    }

    /// <summary>The same rules, but <paramref name="path"/> is never excluded.</summary>
    public DockerIgnore Except(string path) => new(_rules, [.. _exceptions, path]);

    /// <summary>True if the file or folder at this path, relative to the context, is left out of it.</summary>
    public bool Excludes(string path)
    {
        if (_rules.Length == 0 || _exceptions.Contains(path))
        {
            return false;
        }

        var excluded = false;
        var fits = new bool[_rules.Length];
        for (var end = 0; end < path.Length;)
        {
            var slash = path.IndexOf('/', end + 1);
            end = slash < 0 ? path.Length : slash;
            excluded = Apply(path.AsSpan(0, end), fits);
        }

        return excluded;
    }

    // A rule that fits a folder fits all below. An exception counts only where something was excluded before it:
    // of "**/*.log" and "!logs", the second does not fit the folder logs, and so saves nothing in it.
    private bool Apply(ReadOnlySpan<char> path, bool[] fits)
    {
        var excluded = false;
        for (var i = 0; i < _rules.Length; i++)
        {
            fits[i] |= _rules[i].IsException == excluded && _rules[i].Pattern.Fits(path);
            excluded = fits[i] ? !_rules[i].IsException : excluded;
        }

        return excluded;
    }

    // Docker cleans a line before it looks for the mark of an exception, and once more after it.
    private static string Normalize(string line)
    {
        var isException = line.StartsWith('!');
        var pattern = Clean((isException ? line[1..] : line).Trim());
        pattern = pattern.Length > 1 ? pattern.TrimStart('/') : pattern;
        return (isException ? "!" + pattern : pattern).Trim();
    }

    private static Rule? ParseRule(string line)
    {
        var pattern = Clean(line);
        var isException = pattern.StartsWith('!');
        var rest = isException ? pattern[1..] : pattern;
        return rest.Length > 0 && IgnorePattern.Parse(rest) is { } parsed ? new Rule(isException, parsed) : null;
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

    private sealed record Rule(bool IsException, IgnorePattern Pattern);
}
