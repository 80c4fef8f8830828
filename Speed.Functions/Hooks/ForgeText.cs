namespace Speed.Hooks;

/// <summary>Texts of others, for sentences of ours.</summary>
internal static class ForgeText
{
    private const int MaxLength = 300;

    /// <summary>Without control characters, and cut where it is long.</summary>
    public static string Shown(string text, int maxLength = MaxLength)
    {
        var cut = text.Length <= maxLength ? text : text[..(maxLength - 1)] + "…";
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    /// <summary>As many as a sentence can hold.</summary>
    public static string Shown(IReadOnlyCollection<string> texts)
    {
        const int Most = 5;
        var more = texts.Count > Most ? $" and {texts.Count - Most} more" : "";
        return string.Join(", ", texts.Take(Most).Select(text => $"`{Shown(text)}`")) + more;
    }
}
