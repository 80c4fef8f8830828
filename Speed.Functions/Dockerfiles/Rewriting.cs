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
    /// <param name="copies">The lines of ADD that become a COPY of what was fetched; null for none.</param>
    public static string Apply(
        string text, IEnumerable<JudgedWord> replacements, bool hereDocuments, IReadOnlySet<int>? copies = null)
    {
        var (judged, _) = Frontend.Drop(Replace(text, replacements));
        foreach (var dialect in Dialect.Of(hereDocuments))
        {
            var (before, after) = (Dockerfile.Parse(text, dialect), Dockerfile.Parse(judged, dialect));
            if (before.Fault is null && !IsSame(before, after, copies ?? new HashSet<int>()))
            {
                throw DockerfileRefusal.Of(
                    "The Dockerfile is read otherwise once its images and sources are put in by their full names",
                    "Write its FROM, COPY --from and ADD lines in a plainer way, without quotes and escapes.");
            }
        }

        return Frontend.Drop(judged).Name is null
            ? judged
            : throw DockerfileRefusal.Of(
                "The Dockerfile asks for another frontend in a way that cannot be taken out",
                "Take the line `# syntax=` away: the engine's own frontend is used.");
    }

    /// <summary>Throws <see cref="Deployments.FailureCode.DockerfileRefused"/> for a word that nothing can be put in for.</summary>
    public static TextSpan PlaceOf(Reference reference) => reference.Span ?? throw DockerfileRefusal.Of(
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
            if (span.Start < at || (word is not null && !Judged().IsMatch(word)))
            {
                throw new InvalidOperationException($"'{word}' cannot be put into a Dockerfile at {span.Start}.");
            }

            result.Append(text, at, span.Start - at).Append(word);
            at = span.End;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static bool IsSame(Dockerfile before, Dockerfile after, IReadOnlySet<int> copies) =>
        after.Fault is null && before.Escape == after.Escape
        && before.Instructions.Select(one => ShapeOf(one, copies.Contains(one.Line)))
            .SequenceEqual(after.Instructions.Select(one => ShapeOf(one, isToBeCopy: false)));

    // All but the words themselves.
    private static (int, string, string, int, bool, string) ShapeOf(Instruction instruction, bool isToBeCopy)
    {
        var (keyword, flags) = isToBeCopy
            ? AddressedAdd.ShapeOf(instruction)
            : (instruction.Keyword, instruction.Flags.Select(flag => flag.Name));
        return (
            instruction.Line, keyword, string.Join(',', flags), instruction.Words.Count, instruction.IsJson,
            string.Concat(instruction.HereDocuments.Select(document => $"{document.Name}\n{document.Content}")));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._/:@+=-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();

    // A plain word, an image of a registry at an address, a file by a pattern, or what begins the COPY of a file that was
    // fetched. Brackets are a pattern to a source alone, and none is put in there.
    [GeneratedRegex(@"\A(COPY --from=)?[A-Za-z0-9._/:@+=\[\]-]+\*?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Judged();
}

/// <param name="Span">Of the file as it was given.</param>
/// <param name="Text">Of characters that mean nothing else to any parser; null for a flag that goes.</param>
internal sealed record JudgedWord(TextSpan Span, string? Text);
