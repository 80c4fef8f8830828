using System.Text;
using System.Text.RegularExpressions;

namespace Speed.Dockerfiles;

/// <summary>
/// Puts the judged words in their places: what was judged is what is built. All other characters of the file stay, and so
/// does the number of its lines.
/// </summary>
internal static partial class Rewriting
{
    /// <summary>
    /// The text with the replacements, and without a request for a frontend. Throws
    /// <see cref="Deployments.FailureCode.DockerfileRefused"/> where it would not be read as the text was.
    /// </summary>
    public static string Apply(string text, IEnumerable<JudgedWord> replacements, bool hereDocuments)
    {
        var (judged, _) = Frontend.Drop(Replace(text, replacements));
        foreach (var dialect in Dialect.Of(hereDocuments))
        {
            var (before, after) = (Dockerfile.Parse(text, dialect), Dockerfile.Parse(judged, dialect));
            if (before.Fault is null && !IsSame(before, after))
            {
                throw Refusal.Of(
                    "The Dockerfile is read otherwise once its images and sources are put in by their full names",
                    "Write its FROM, COPY --from and ADD lines in a plainer way, without quotes and escapes.");
            }
        }

        return Frontend.Drop(judged).Name is null
            ? judged
            : throw Refusal.Of(
                "The Dockerfile asks for another frontend in a way that cannot be taken out",
                "Take the line `# syntax=` away: the engine's own frontend is used.");
    }

    /// <summary>Throws <see cref="Deployments.FailureCode.DockerfileRefused"/> for a word that nothing can be put in for.</summary>
    public static TextSpan PlaceOf(Reference reference) => reference.Span ?? throw Refusal.Of(
        reference.Instruction, $"names `{reference.Written}` in a way in which it cannot be replaced by its full name",
        "Write it on one line, and without quotes and escapes within.");

    /// <summary>True for what means the same to every parser: in a word, in a flag and in a string of JSON.</summary>
    public static bool IsPlain(string word) => Plain().IsMatch(word);

    private static string Replace(string text, IEnumerable<JudgedWord> replacements)
    {
        var result = new StringBuilder();
        var at = 0;
        foreach (var (span, word) in replacements.Distinct().OrderBy(one => one.Span.Start))
        {
            if (span.Start < at || !Plain().IsMatch(word))
            {
                throw new InvalidOperationException($"'{word}' cannot be put into a Dockerfile at {span.Start}.");
            }

            result.Append(text, at, span.Start - at).Append(word);
            at = span.End;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static bool IsSame(Dockerfile before, Dockerfile after) =>
        after.Fault is null && before.Escape == after.Escape
        && before.Instructions.Select(ShapeOf).SequenceEqual(after.Instructions.Select(ShapeOf));

    // All but the words themselves.
    private static (int, string, string, int, bool, string) ShapeOf(Instruction instruction) => (
        instruction.Line, instruction.Keyword, string.Join(',', instruction.Flags.Select(flag => flag.Name)),
        instruction.Words.Count, instruction.IsJson,
        string.Concat(instruction.HereDocuments.Select(document => $"{document.Name}\n{document.Content}")));

    [GeneratedRegex(@"\A[A-Za-z0-9._/:@+=-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}

/// <param name="Span">Of the file as it was given.</param>
/// <param name="Text">Of characters that mean nothing else to any parser.</param>
internal sealed record JudgedWord(TextSpan Span, string Text);
