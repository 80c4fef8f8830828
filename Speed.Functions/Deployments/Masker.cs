using System.Text;

namespace Speed.Deployments;

/// <summary>
/// Puts <c>***</c> in the place of values that nobody may read, in whatever form they come. Best effort.
/// </summary>
public sealed class Masker
{
    private Masker(PatternSet? patterns, PatternSet? base64) => (Patterns, Base64) = (patterns, base64);

    /// <summary>Masks nothing.</summary>
    public static Masker None { get; } = new(null, null);

    /// <summary>Null where there is nothing to mask.</summary>
    internal PatternSet? Patterns { get; }

    /// <summary>Of the patterns those in base64, which are found over the ends of lines as well; null where there are none.</summary>
    internal PatternSet? Base64 { get; }

    /// <summary>How much memory it takes, about, in bytes.</summary>
    internal long Size => (Patterns?.Size ?? 0) + (Base64?.Size ?? 0);

    /// <summary>
    /// Masks the values, each of their lines, and the forms that encodings give them. What is shorter than
    /// <see cref="SecretForms.LeastLength"/> characters is not masked.
    /// </summary>
    public static Masker Of(IEnumerable<string> values)
    {
        var known = values.ToArray();
        var forms = BytesOf(known.SelectMany(SecretForms.Of));
        return forms.Length > 0
            ? new Masker(new PatternSet(forms), new PatternSet(BytesOf(known.SelectMany(SecretForms.Base64Of))))
            : None;
    }

    /// <summary>The text without them.</summary>
    public string Mask(string text)
    {
        if (Patterns is null)
        {
            return text;
        }

        var mask = new StreamMask(this);
        var bytes = new MemoryStream();
        bytes.Write(mask.Add(Encoding.UTF8.GetBytes(text)).Span);
        bytes.Write(mask.End().Span);
        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static byte[][] BytesOf(IEnumerable<string> forms) => [.. forms.Distinct().Select(Encoding.UTF8.GetBytes)];
}
