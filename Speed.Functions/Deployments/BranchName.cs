using System.Text;

namespace Speed.Deployments;

/// <summary>The syntax of a branch or tag name: that of <c>git check-ref-format --branch</c>.</summary>
public static class BranchName
{
    /// <summary>With <c>refs/heads/</c> before it, the name of a file on Git's side.</summary>
    public const int MaxBytes = 244;

    private static readonly string[] ForbiddenSequences = ["..", "@{", "//"];

    /// <summary>What is wrong with the name, in a sentence; null if nothing is.</summary>
    public static string? FindFault(string name)
    {
        if (name.Length == 0)
        {
            return "A branch name cannot be empty.";
        }

        if (!IsUnicode(name) || Encoding.UTF8.GetByteCount(name) > MaxBytes)
        {
            return $"A branch name has at most {MaxBytes} bytes of UTF-8.";
        }

        return FindWrongPart(name) is { } part ? $"`{Printable(name)}` is not a branch name: {part}." : null;
    }

    /// <summary>What a branch's whole name names: <c>main</c> for <c>refs/heads/main</c>. Others stay as they are.</summary>
    public static string Plain(string name)
    {
        const string Heads = "refs/heads/";
        return name.Length > Heads.Length && name.StartsWith(Heads, StringComparison.Ordinal) ? name[Heads.Length..] : name;
    }

    private static string? FindWrongPart(string name)
    {
        if (name is "HEAD")
        {
            return "HEAD stands for another one";
        }

        if (name.IndexOfAny([' ', '~', '^', ':', '?', '*', '[', '\\']) is >= 0 and var index)
        {
            return $"it has a `{name[index]}`";
        }

        if (name.Any(c => c is < ' ' or '\x7f'))
        {
            return "it has a control character";
        }

        var sequence = ForbiddenSequences.FirstOrDefault(name.Contains);
        return sequence is not null ? $"it has `{sequence}`" : FindWrongEdge(name);
    }

    private static string? FindWrongEdge(string name)
    {
        if (name[0] is '-' or '/')
        {
            return $"it begins with `{name[0]}`";
        }

        if (name[^1] is '/' or '.')
        {
            return $"it ends with `{name[^1]}`";
        }

        var parts = name.Split('/');
        return parts.Any(part => part.StartsWith('.')) ? "a part of it begins with `.`"
            : parts.Any(part => part.EndsWith(".lock", StringComparison.Ordinal)) ? "a part of it ends with `.lock`"
            : null;
    }

    // A lone surrogate does not come back.
    private static bool IsUnicode(string name) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)) == name;

    private static string Printable(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '?' : c));
}
