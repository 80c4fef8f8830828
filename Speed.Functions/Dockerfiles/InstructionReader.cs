using System.Text;

namespace Speed.Dockerfiles;

/// <summary>
/// Cuts one joined line into keyword, flags and words: moby/buildkit, frontend/dockerfile/parser/split_command.go and
/// line_parsers.go; what is wrong with it, as instructions/parse.go sees it.
/// </summary>
internal sealed class InstructionReader(Dialect dialect)
{
    private const int MaxTold = 100;

    public Instruction Parse(LocatedText joined, int line, char escape)
    {
        var text = joined.Trim();
        var (end, next) = CutBlank(text.Value, 0);
        var keyword = text.Value[..end];
        var instruction = new Instruction(line, Ascii.IsValid(keyword) ? keyword.ToUpperInvariant() : keyword)
        {
            KeywordSpan = text.Slice(0, end).Span,
        };
        if (!IsKnown(instruction.Keyword))
        {
            return instruction with { Fault = new DockerfileFault(line, $"unknown instruction: {Cut(keyword)}") };
        }

        var flags = FlagReader.Read(text.From(next), dialect.EscapesFlagsByDirective ? escape : '\\');
        return ReadWords(
            instruction with { Flags = flags.Flags, HasUnclearFlags = flags.AreUnclear, Arguments = flags.Arguments.Trim() },
            escape);
    }

    private Instruction ReadWords(Instruction instruction, char escape)
    {
        var arguments = instruction.Arguments;
        switch (instruction.Keyword)
        {
            case "ADD" or "COPY" or "VOLUME" or "RUN" or "CMD" or "ENTRYPOINT" or "SHELL":
                return ReadMaybeJson(instruction);
            case "FROM" or "EXPOSE":
                return Judge(instruction with { Words = CutAtBlanks(arguments) });
            case "ARG" or "ENV" or "LABEL":
                return Judge(instruction with { Words = Words.Cut(arguments, escape) });
            case "ONBUILD" when arguments.Length > 0:
                var trigger = Parse(arguments, instruction.Line, escape);
                return instruction with { Trigger = trigger, Words = [WordOf(arguments)], Fault = JudgeTrigger(trigger) };
            default:
                return Judge(instruction with { Words = arguments.Length == 0 ? [] : [WordOf(arguments)] });
        }
    }

    private Instruction ReadMaybeJson(Instruction instruction)
    {
        var (form, words) = JsonWords.Read(instruction.Arguments, dialect.PassesOverTextAfterJson);
        if (form == JsonForm.NotStrings)
        {
            return instruction with
            {
                Fault = new DockerfileFault(
                    instruction.Line, "when using JSON array syntax, arrays must be comprised of strings only"),
            };
        }

        if (form == JsonForm.Strings)
        {
            return Judge(instruction with { IsJson = true, Words = words });
        }

        var cuts = instruction.Keyword is "ADD" or "COPY" or "VOLUME";
        return Judge(instruction with
        {
            Words = cuts ? CutAtBlanks(instruction.Arguments)
                : instruction.Arguments.Length == 0 ? [] : [WordOf(instruction.Arguments)],
        });
    }

    // What every generation refuses before it does anything: instructions/parse.go.
    private static Instruction Judge(Instruction instruction)
    {
        var words = instruction.Words;
        (string Reason, string? WayOut)? fault = instruction.Keyword switch
        {
            "ADD" or "COPY" when words.Count < 2 =>
                ($"{instruction.Keyword} requires at least two arguments, but only one was provided. Destination could not "
                    + "be determined.", "Name what to take, and behind it where in the image it goes."),
            "FROM" when words.Count != 1 && !(words.Count == 3 && IsAs(words[1].Text)) =>
                ("FROM requires either one or three arguments", words.Any(word => word.Text.StartsWith('#'))
                    ? "A comment cannot stand behind an instruction: give it a line of its own."
                    : "Write `FROM image`, or `FROM image AS name`."),
            "FROM" when words.Count == 3 && !IsStageName(words[2].Text) =>
                ($"invalid name for build stage: \"{words[2].Text}\", name can't start with a number or contain symbols",
                    "Begin it with a letter; letters, digits, `-`, `_` and `.` may follow."),
            "ENV" or "LABEL" or "ARG" when words.Count == 0 => ($"{instruction.Keyword} requires at least one argument", null),
            "ENV" or "LABEL" when Words.PairsOf(instruction) is null =>
                ($"{instruction.Keyword} must have two arguments, or pairs of the form name=value", null),
            _ => null,
        };
        return fault is not { } found
            ? instruction
            : instruction with { Fault = new DockerfileFault(instruction.Line, found.Reason) { WayOut = found.WayOut } };
    }

    private static DockerfileFault? JudgeTrigger(Instruction trigger) => trigger switch
    {
        { Fault: { } fault } => fault,
        { Keyword: "ONBUILD" } =>
            new DockerfileFault(trigger.Line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        { Keyword: "FROM" or "MAINTAINER" } =>
            new DockerfileFault(trigger.Line, $"{trigger.Keyword} isn't allowed as an ONBUILD trigger"),
        _ => null,
    };

    // parser.go, reWhitespace: not all that Unicode has.
    private static List<Word> CutAtBlanks(LocatedText text)
    {
        var words = new List<Word>();
        for (var at = 0; at < text.Length;)
        {
            var (end, next) = CutBlank(text.Value, at);
            words.Add(WordOf(text.Slice(at, end - at)));
            at = next;
        }

        return words;
    }

    private static (int End, int Next) CutBlank(string text, int start)
    {
        var length = text.AsSpan(start).IndexOfAny(Blanks);
        if (length < 0)
        {
            return (text.Length, text.Length);
        }

        var blanks = text.AsSpan(start + length).IndexOfAnyExcept(Blanks);
        return (start + length, blanks < 0 ? text.Length : start + length + blanks);
    }

    private static Word WordOf(LocatedText text) => new(text.Value, text.Span);

    private static string Cut(string word) => word.Length <= MaxTold ? word : word[..MaxTold] + "…";

    private static bool IsAs(string word) => word is ['a' or 'A', 's' or 'S'];

    private static bool IsStageName(string name) =>
        char.IsAsciiLetter(name[0]) && name.All(one => char.IsAsciiLetterOrDigit(one) || one is '-' or '_' or '.');

    private static bool IsKnown(string keyword) => keyword is "ADD" or "ARG" or "CMD" or "COPY" or "ENTRYPOINT" or "ENV"
        or "EXPOSE" or "FROM" or "HEALTHCHECK" or "LABEL" or "MAINTAINER" or "ONBUILD" or "RUN" or "SHELL" or "STOPSIGNAL"
        or "USER" or "VOLUME" or "WORKDIR";

    private static readonly System.Buffers.SearchValues<char> Blanks = System.Buffers.SearchValues.Create("\t\v\f\r ");
}
