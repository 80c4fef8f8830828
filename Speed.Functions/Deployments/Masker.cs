using System.Text;

namespace Speed.Deployments;

/// <summary>
/// Puts <c>***</c> in the place of values that nobody may read, in whatever form they come. Best effort.
/// </summary>
public sealed class Masker
{
    private Masker(PatternSet? patterns) => Patterns = patterns;

    /// <summary>Masks nothing.</summary>
    public static Masker None { get; } = new(null);

    /// <summary>Null where there is nothing to mask.</summary>
    internal PatternSet? Patterns { get; }

    /// <summary>
    /// Masks the values, each of their lines, and the forms that encodings give them. What is shorter than
    /// <see cref="SecretForms.LeastLength"/> characters is not masked.
    /// </summary>
    public static Masker Of(IEnumerable<string> values)
    {
        var forms = values.SelectMany(SecretForms.Of).Distinct().Select(Encoding.UTF8.GetBytes).ToArray();
        return forms.Length > 0 ? new Masker(new PatternSet(forms)) : None;
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
}
