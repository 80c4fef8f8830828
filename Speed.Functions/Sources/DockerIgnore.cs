namespace Speed.Sources;

/// <summary>
/// The rules of a <c>.dockerignore</c> file, as Docker applies them: one pattern a line, <c>#</c> comments,
/// <c>!</c> exceptions; the last rule that fits a path or a folder above it decides.
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
            if (!line.StartsWith('#') && line.Trim() is { Length: > 0 } pattern)
            {
                rules.Add(ParseRule(pattern, number));
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
        foreach (var rule in _rules)
        {
            if (rule.IsException == excluded && FitsPathOrParent(rule.Pattern, path))
            {
                excluded = !rule.IsException;
            }
        }

        return excluded;
    }

    private static Rule ParseRule(string line, int number)
    {
        var isException = line[0] == '!';
        var pattern = Clean(isException ? line[1..].Trim() : line);
        return pattern.Length > 0 && IgnorePattern.Parse(pattern) is { } parsed
            ? new Rule(isException, parsed)
            : throw new FormatException($"line {number}, `{line}`, is not a pattern");
    }

    private static bool FitsPathOrParent(IgnorePattern pattern, string path)
    {
        for (var end = path.IndexOf('/'); end >= 0; end = path.IndexOf('/', end + 1))
        {
            if (pattern.Fits(path.AsSpan(0, end)))
            {
                return true;
            }
        }

        return pattern.Fits(path);
    }

    // As Go's filepath.Clean, then relative to the context: "/a/./b/" is "a/b".
    private static string Clean(string pattern)
    {
        var parts = new List<string>();
        foreach (var part in pattern.Split('/').Where(part => part is not ("" or ".")))
        {
            if (part != ".." || (parts.Count == 0 ? !pattern.StartsWith('/') : parts[^1] == ".."))
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return parts.Count > 0 ? string.Join('/', parts) : pattern.StartsWith('/') ? "/" : pattern.Length > 0 ? "." : "";
    }

    private sealed record Rule(bool IsException, IgnorePattern Pattern);
}
