namespace Speed.Dockerfiles;

/// <summary>
/// A request for another frontend, <c># syntax=…</c>: whatever reads the file then, SPEED has not seen it. So the
/// request is taken out.
/// </summary>
/// <remarks>
/// The forms <c>//syntax=</c> and <c>{"syntax": …}</c> begin with what is no instruction, and fail as such before
/// anything is sent (moby/buildkit, frontend/dockerfile/parser/directives.go, DetectSyntax).
/// </remarks>
internal static class Frontend
{
    /// <summary>
    /// The text without a request, and the first frontend that was asked for; null for none. All versions are taken
    /// together: one passes over directives that it does not know, another over a first line <c>#!</c>.
    /// </summary>
    public static (string Text, string? Name) Drop(string text)
    {
        var mark = text is ['\uFEFF', ..] ? "\uFEFF" : "";
        var lines = text[mark.Length..].Split('\n');
        var first = lines[0].StartsWith("#!", StringComparison.Ordinal) ? 1 : 0;
        var kept = new List<string>();
        string? name = null;
        var end = first;
        for (; end < lines.Length && Directives.Match(lines[end], unicode: true) is { } directive; end++)
        {
            if (directive.Name == "syntax")
            {
                name ??= directive.Value;
            }
            else
            {
                kept.Add(lines[end]);
            }
        }

        if (name is null)
        {
            return (text, null);
        }

        // An empty line ends the directives: in the place of the dropped one it would hide those behind it.
        for (var i = first; i < end; i++)
        {
            lines[i] = i - first < kept.Count ? kept[i - first] : "";
        }

        return (mark + string.Join('\n', lines), name);
    }
}
