using System.Text;
using System.Text.RegularExpressions;

namespace Speed.Runners;

/// <summary>Cuts a Dockerfile's text into directives and instructions.</summary>
internal sealed partial class DockerfileReader
{
    private readonly string[] _lines;
    private readonly bool _hereDocuments;
    private int _next;

    /// <param name="hereDocuments">
    /// Whether the engine knows here-documents. For one that does not, their lines are instructions, and must be
    /// seen as such here.
    /// </param>
    public DockerfileReader(string text, bool hereDocuments)
    {
        _hereDocuments = hereDocuments;
        _lines = text.TrimStart('\uFEFF').Split('\n');
        ReadDirectives();
    }

    /// <summary>
    /// What joins lines and takes the meaning from a character: a backslash, or a backtick.
    /// </summary>
    public char Escape { get; private set; } = '\\';

    /// <summary>The frontend that the text asks for; null where it asks for none.</summary>
    public string? Syntax { get; private set; }

    /// <summary>The text without the request for a frontend, every other line where it was.</summary>
    public string TextWithoutSyntax => string.Join('\n', _lines);

    public IEnumerable<Instruction> ReadInstructions()
    {
        while (SkipToInstruction())
        {
            var line = _next + 1;
            var text = JoinContinued();
            var terminators = FindHereDocuments(text);
            foreach (var terminator in terminators.Where(_ => _hereDocuments))
            {
                SkipHereDocument(terminator);
            }

            yield return Instruction.Parse(text, line, terminators.Count > 0);
        }
    }

    private void ReadDirectives()
    {
        var kept = new List<string>();
        for (; _next < _lines.Length && Directive().Match(_lines[_next]) is { Success: true } match; _next++)
        {
            if (match.Groups["name"].Value.Equals("syntax", StringComparison.OrdinalIgnoreCase))
            {
                Syntax = match.Groups["value"].Value;
                continue;
            }

            if (match.Groups["name"].Value.Equals("escape", StringComparison.OrdinalIgnoreCase))
            {
                Escape = match.Groups["value"].Value[0];
            }

            kept.Add(_lines[_next]);
        }

        // A blank line ends the directives: in the place of the dropped one it would hide those that follow.
        for (var i = 0; i < _next; i++)
        {
            _lines[i] = i < kept.Count ? kept[i] : "";
        }
    }

    private bool SkipToInstruction()
    {
        while (_next < _lines.Length && IsBlankOrComment(_lines[_next]))
        {
            _next++;
        }

        return _next < _lines.Length;
    }

    private string JoinContinued()
    {
        var text = new StringBuilder();
        do
        {
            var line = _lines[_next++].TrimEnd();
            var continues = line.EndsWith(Escape) && !line.EndsWith($"{Escape}{Escape}", StringComparison.Ordinal);
            text.Append(continues ? line[..^1] : line);
            if (!continues)
            {
                break;
            }
        }
        while (SkipToInstruction());

        return text.ToString().Trim();
    }

    private static List<Match> FindHereDocuments(string text) =>
        HereDocumentKeyword().IsMatch(text) ? [.. HereDocument().Matches(text).Cast<Match>()] : [];

    private void SkipHereDocument(Match start)
    {
        while (_next < _lines.Length)
        {
            var line = _lines[_next++].TrimEnd('\r');
            if ((start.Groups["dash"].Success ? line.TrimStart('\t') : line) == start.Groups["name"].Value)
            {
                return;
            }
        }
    }

    private static bool IsBlankOrComment(string line) => line.AsSpan().TrimStart() is "" or ['#', ..];

    [GeneratedRegex(@"^#\s*(?<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?<value>.+?)\s*$")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^(ONBUILD\s+)?(RUN|COPY|ADD)\s", RegexOptions.IgnoreCase)]
    private static partial Regex HereDocumentKeyword();

    [GeneratedRegex("""(?<=\s)\d*<<(?<dash>-)?(?<quote>["']?)(?<name>[A-Za-z0-9_.-]+)\k<quote>(?=[\s;&|>)]|$)""")]
    private static partial Regex HereDocument();
}
