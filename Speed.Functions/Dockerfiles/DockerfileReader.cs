using System.Text;

namespace Speed.Dockerfiles;

/// <summary>
/// Cuts a Dockerfile's text into instructions, as moby/buildkit does in frontend/dockerfile/parser/parser.go, Parse.
/// </summary>
internal sealed class DockerfileReader(string text, Dialect dialect)
{
    // bufio.MaxScanTokenSize: with its line's end, a line may have that many bytes.
    private const int MaxLineBytes = 64 * 1024;

    private readonly LocatedText _text = LocatedText.Of(text);
    private readonly Directives _directives = new(dialect);
    private readonly InstructionReader _instructions = new(dialect);
    private readonly List<Instruction> _read = [];
    private int _at = text is ['\uFEFF', ..] ? 1 : 0;
    private int _line;

    public char Escape => _directives.Escape;

    /// <summary>Why no engine that reads so builds it; null for nothing. What was read ends before it.</summary>
    public DockerfileFault? Fault { get; private set; }

    public IReadOnlyList<Instruction> Read()
    {
        if (IsOfTwoBytes(text))
        {
            Fault = new DockerfileFault(1, "the file is UTF-16")
            {
                WayOut = "Save it as UTF-8, without a mark at its beginning: engines read no other.",
            };
        }

        while (Fault is null && NextLine() is { } line)
        {
            ReadFrom(line);
        }

        if (Fault is null && _read.Count == 0)
        {
            Fault = new DockerfileFault(Math.Max(_line, 1), "file with no instructions")
            {
                WayOut = "It is empty, or has nothing but comments: begin it with FROM and a base image.",
            };
        }

        return _read;
    }

    // Read as UTF-8, its mark is two characters that stand for what is none, and every second one of the rest is zero.
    private static bool IsOfTwoBytes(string text) =>
        text is ['\uFFFD', '\uFFFD', ..] && text.Contains('\0') || text is ['\0', not '\0', '\0', ..] or [not '\0', '\0', not '\0', '\0', ..];

    private void ReadFrom(LocatedText line)
    {
        var start = _line;
        var token = TrimStart(TrimReturn(line));
        if (_directives.Take(token.Value) is { } fault)
        {
            Fault = fault with { Line = start };
            return;
        }

        var (piece, continues) = IsComment(token.Value) ? (LocatedText.Empty, false) : CutContinuation(token);
        if (!continues && piece.Length == 0)
        {
            return;
        }

        var joined = new LocatedTextBuilder().Append(piece);
        while (continues && Fault is null && NextLine() is { } next)
        {
            next = TrimReturn(next);
            if (!IsComment(next.Value) && !string.IsNullOrWhiteSpace(next.Value))
            {
                (piece, continues) = CutContinuation(next);
                joined.Append(piece);
            }
        }

        if (Fault is null)
        {
            Take(joined.ToText(), start);
        }
    }

    private void Take(LocatedText joined, int start)
    {
        var instruction = _instructions.Parse(joined, start, _directives.Escape);
        Fault = instruction.Fault;
        if (Fault is null && instruction.MayHoldHereDocuments && joined.Value.Contains("<<", StringComparison.Ordinal))
        {
            var (documents, fault) = HereDocument.In(joined.Value, dialect);
            Fault = fault is null ? null : new DockerfileFault(start, fault);
            foreach (var document in documents)
            {
                document.Content = ReadHereDocument(document, start);
            }

            instruction = instruction with { HereDocuments = documents };
        }

        _read.Add(instruction);
    }

    private string ReadHereDocument(HereDocument document, int start)
    {
        var content = new StringBuilder();
        while (Fault is null && NextLine() is { } line)
        {
            var end = line.Value.AsSpan().TrimEnd('\r');
            if ((document.Chomps ? end.TrimStart('\t') : end).SequenceEqual(document.Name))
            {
                return content.ToString();
            }

            content.Append(line.Value).Append('\n');
        }

        Fault ??= new DockerfileFault(start, "unterminated heredoc")
        {
            WayOut = $"End it with a line that has `{document.Name}` and nothing else, not even blanks.",
        };
        return content.ToString();
    }

    // Without the line feed. Null at the end.
    private LocatedText? NextLine()
    {
        if (_at >= _text.Length)
        {
            return null;
        }

        var end = text.IndexOf('\n', _at);
        var line = _text.Slice(_at, (end < 0 ? text.Length : end) - _at);
        _at = end < 0 ? text.Length : end + 1;
        _line++;
        if (line.Length >= MaxLineBytes / 3 && Encoding.UTF8.GetByteCount(line.Value) >= MaxLineBytes)
        {
            Fault = new DockerfileFault(_line, $"dockerfile line greater than max allowed size of {MaxLineBytes - 1}")
            {
                WayOut = "Break it into lines that end with a backslash, or put what is long into a file of the repository.",
            };
        }

        return line;
    }

    private LocatedText TrimReturn(LocatedText line)
    {
        var end = line.Length;
        while (end > 0 && line[end - 1] == '\r' && (dialect.DropsEveryReturn || end == line.Length))
        {
            end--;
        }

        return line.Slice(0, end);
    }

    // parser.go, trimContinuationCharacter: blanks and tabs alone may stand behind the escape character, and no other
    // such character before it.
    private (LocatedText Line, bool Continues) CutContinuation(LocatedText line)
    {
        var escape = _directives.Escape;
        var end = line.Value.AsSpan().TrimEnd(" \t").Length;
        var continues = end > 0 && line[end - 1] == escape && (end == 1 || line[end - 2] != escape);
        return continues ? (line.Slice(0, end - 1), true) : (line, false);
    }

    private static LocatedText TrimStart(LocatedText line) => line.From(line.Length - line.Value.AsSpan().TrimStart().Length);

    private static bool IsComment(string line) => line.AsSpan().TrimStart() is ['#', ..];
}

/// <summary>Why the engine's parser takes no file of that kind.</summary>
/// <param name="Reason">In the engine's own words.</param>
internal sealed record DockerfileFault(int Line, string Reason)
{
    /// <summary>What to do; null where the reason says it, or does not tell enough.</summary>
    public string? WayOut { get; init; }
}

/// <summary>Joins pieces of one file.</summary>
internal sealed class LocatedTextBuilder
{
    private readonly StringBuilder _value = new();
    private readonly List<int> _offsets = [];

    public LocatedTextBuilder Append(LocatedText piece)
    {
        _value.Append(piece.Value);
        _offsets.AddRange(piece.Offsets);
        return this;
    }

    public void Append(LocatedText source, int index, char? instead = null)
    {
        _value.Append(instead ?? source[index]);
        _offsets.Add(source.Offsets[index]);
    }

    public int Length => _value.Length;

    public LocatedText ToText() => new(_value.ToString(), _offsets.ToArray());
}
