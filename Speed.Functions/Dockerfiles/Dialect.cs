namespace Speed.Dockerfiles;

/// <summary>
/// Where the generations of Docker's parser read differently. Which one an engine has cannot be told to the version, so
/// a text is read as each of them would.
/// </summary>
/// <param name="Name">The parser's first and last known version: moby/buildkit, frontend/dockerfile.</param>
internal sealed record Dialect(string Name)
{
    public HereDocumentForm HereDocuments { get; init; }

    /// <summary>
    /// Every carriage return before a line's end is dropped, not only one (parser.go: trimNewline; before it,
    /// bufio.ScanLines).
    /// </summary>
    public bool DropsEveryReturn { get; init; }

    /// <summary>What stands behind a JSON array is passed over (line_parsers.go, parseJSON: Decode; later Unmarshal).</summary>
    public bool PassesOverTextAfterJson { get; init; }

    /// <summary>
    /// Flags know the escape character of the directive, not always the backslash (split_command.go,
    /// extractBuilderFlags).
    /// </summary>
    public bool EscapesFlagsByDirective { get; init; }

    /// <summary>Any white space may stand behind a directive's number sign, not only ASCII's (directives.go, ParseLine).</summary>
    public bool TakesAnySpaceInDirectives { get; init; }

    /// <summary><c># check=…</c> is a directive, so that those behind it count (directives.go, validDirectives).</summary>
    public bool KnowsCheck { get; init; }

    /// <summary>
    /// In one ARG of a stage, a default sees the names before it (dockerfile2llb/convert.go, dispatchArg).
    /// </summary>
    public bool ExpandsArgsInTurn { get; init; }

    /// <summary>TARGETSTAGE and the versions of operating systems are there (dockerfile2llb/platform.go, defaultArgs).</summary>
    public bool KnowsTargetStage { get; init; }

    /// <summary>
    /// <c>${name-word}</c>, <c>${name+word}</c> and patterns are no fault (shell/lex.go, processDollar).
    /// </summary>
    public bool KnowsLateForms { get; init; }

    /// <summary>
    /// A default of an ARG before the first FROM that cannot be read is empty, and nothing is said
    /// (dockerfile2llb/convert.go).
    /// </summary>
    public bool PassesOverGlobalFaults { get; init; }

    /// <summary>
    /// An ARG before the first FROM without a value is set, and empty, and hides what was there (dockerfile2llb/convert.go,
    /// metaArgsToMap).
    /// </summary>
    public bool EmptiesGlobalsWithoutValue { get; init; }

    private static readonly Dialect First = new("v0.8")
    {
        PassesOverTextAfterJson = true,
        PassesOverGlobalFaults = true,
        EmptiesGlobalsWithoutValue = true,
    };

    private static readonly Dialect Second = First with
    {
        Name = "v0.10 to v0.12",
        HereDocuments = HereDocumentForm.Tight,
        DropsEveryReturn = true,
    };

    private static readonly Dialect Third = Second with { Name = "v0.13", KnowsLateForms = true };

    private static readonly Dialect Fourth = Third with
    {
        Name = "v0.15 to v0.19",
        PassesOverTextAfterJson = false,
        PassesOverGlobalFaults = false,
        EmptiesGlobalsWithoutValue = false,
        KnowsCheck = true,
    };

    private static readonly Dialect Fifth = Fourth with
    {
        Name = "v0.20 and later",
        HereDocuments = HereDocumentForm.Spaced,
        EscapesFlagsByDirective = true,
        TakesAnySpaceInDirectives = true,
        ExpandsArgsInTurn = true,
        KnowsTargetStage = true,
    };

    /// <summary>All generations, the likeliest of such an engine first.</summary>
    /// <param name="hereDocuments">
    /// Whether the engine knows here-documents. For one that does not, their lines are instructions, and are read as such.
    /// </param>
    public static IReadOnlyList<Dialect> Of(bool hereDocuments) => hereDocuments
        ? [Third, Fourth, Fifth, Second, First with { HereDocuments = HereDocumentForm.Tight }]
        : [.. new[] { First, Second, Third, Fourth, Fifth }.Select(one => one with { HereDocuments = HereDocumentForm.None })];
}

/// <summary>What begins a here-document.</summary>
internal enum HereDocumentForm
{
    /// <summary>Nothing does.</summary>
    None,

    /// <summary>A word that begins with <c>&lt;&lt;</c> and names its end.</summary>
    Tight,

    /// <summary>Blanks may stand between the two (shell/lex.go, processPossibleHeredoc).</summary>
    Spaced,
}
