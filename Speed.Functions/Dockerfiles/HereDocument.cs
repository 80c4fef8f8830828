namespace Speed.Dockerfiles;

/// <summary>
/// Lines of their own that follow an instruction: moby/buildkit, frontend/dockerfile/parser/parser.go, heredocsFromLine.
/// </summary>
/// <param name="Name">The line that ends it.</param>
/// <param name="Chomps">Tabs before the end's name count for nothing.</param>
internal sealed record HereDocument(string Name, bool Chomps)
{
    public string Content { get; set; } = "";

    /// <summary>All that a joined line begins, in their order.</summary>
    public static (IReadOnlyList<HereDocument> Documents, string? Fault) In(string line, Dialect dialect)
    {
        if (dialect.HereDocuments == HereDocumentForm.None)
        {
            return ([], null);
        }

        var lexer = LexerOf(dialect, keeps: true);
        if (lexer.Expand(line) is null)
        {
            return ([], null);
        }

        var documents = new List<HereDocument>();
        foreach (var word in lexer.Words)
        {
            var (document, fault) = Parse(word, dialect);
            if (fault is not null)
            {
                return ([], fault);
            }

            if (document is not null)
            {
                documents.Add(document);
            }
        }

        return (documents, null);
    }

    /// <summary>What a word begins; null for nothing (parser.go, ParseHeredoc).</summary>
    public static (HereDocument? Document, string? Fault) Parse(string word, Dialect dialect)
    {
        var rest = word.AsSpan().TrimStart("0123456789");
        if (dialect.HereDocuments == HereDocumentForm.None || !rest.StartsWith("<<", StringComparison.Ordinal))
        {
            return (null, null);
        }

        rest = rest[2..];
        var chomps = rest is ['-', ..];
        rest = chomps ? rest[1..] : rest;
        rest = dialect.HereDocuments == HereDocumentForm.Spaced ? rest.TrimStart("\t\n\f\r ") : rest;
        if (rest.IsEmpty || rest.Contains('<'))
        {
            return (null, null);
        }

        var lexer = LexerOf(dialect, keeps: false);
        return lexer.Expand(rest.ToString()) is null
            ? (null, lexer.Fault)
            : (lexer.Words is [var name] ? new HereDocument(name, chomps) : null, null);
    }

    private static Lexer LexerOf(Dialect dialect, bool keeps) => new('\\')
    {
        KeepsQuotes = keeps,
        KeepsEscapes = keeps,
        KeepsUnset = true,
        KnowsLateForms = dialect.KnowsLateForms,
        TakesBlanksAfterSigns = dialect.HereDocuments == HereDocumentForm.Spaced,
    };
}
