using System.Text.RegularExpressions;

namespace Speed.Dockerfiles;

/// <summary>One instruction of a Dockerfile, its continuation lines joined.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Keyword">In upper case.</param>
internal sealed partial record Instruction(int Line, string Keyword)
{
    /// <summary>Where its keyword stands; null where a continuation cuts it.</summary>
    public TextSpan? KeywordSpan { get; init; }

    public IReadOnlyList<Flag> Flags { get; init; } = [];

    /// <summary>
    /// True where the flags hold characters beyond ASCII: Docker takes those apart byte by byte, and some bytes for white
    /// space (split_command.go, extractBuilderFlags).
    /// </summary>
    public bool HasUnclearFlags { get; init; }

    /// <summary>What stands behind the flags.</summary>
    public LocatedText Arguments { get; init; } = LocatedText.Empty;

    /// <summary>The arguments one by one, by the rule of this keyword. One only where it takes all of the rest.</summary>
    public IReadOnlyList<Word> Words { get; init; } = [];

    /// <summary>The words were given as a JSON array.</summary>
    public bool IsJson { get; init; }

    public IReadOnlyList<HereDocument> HereDocuments { get; init; } = [];

    /// <summary>What an ONBUILD holds back; null for all others.</summary>
    public Instruction? Trigger { get; init; }

    public DockerfileFault? Fault { get; init; }

    /// <summary>parser.go, canContainHeredoc.</summary>
    public bool MayHoldHereDocuments => (Trigger ?? this) is { Keyword: "RUN" or "COPY" or "ADD", IsJson: false };

    /// <summary>What looks like a flag and stands behind the paths of ADD or COPY, where it is one of them; null for nothing.</summary>
    public string? LateFlag => Keyword is "ADD" or "COPY" && !IsJson
        ? Words.Skip(1).Select(word => word.Text).FirstOrDefault(word => Late().IsMatch(word))
        : null;

    /// <summary>Every flag of this name, in their order.</summary>
    public IEnumerable<Flag> FlagsOf(string name) => Flags.Where(flag => flag.Name == name);

    [GeneratedRegex(@"\A--(chown|chmod|from|link|parents|exclude|checksum|keep-git-dir|unpack)(=|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex Late();
}

/// <summary>What stands before the arguments as <c>--name=value</c>; quotes and escapes are taken off.</summary>
/// <param name="Value">Null where there is no equals sign.</param>
internal sealed record Flag(string Name, LocatedText? Value);

/// <summary>One argument, with its quotes if it is not one of a JSON array.</summary>
/// <param name="Span">Where it can be replaced: between the quotes in a JSON array. Null where a continuation cuts it.</param>
internal sealed record Word(string Text, TextSpan? Span);
