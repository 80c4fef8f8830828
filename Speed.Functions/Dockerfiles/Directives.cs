namespace Speed.Dockerfiles;

/// <summary>
/// The comments at a file's head that say how it is read: moby/buildkit, frontend/dockerfile/parser/directives.go.
/// </summary>
internal sealed class Directives(Dialect dialect)
{
    private readonly HashSet<string> _seen = [];
    private bool _done;

    /// <summary>What joins lines and takes the meaning from a character: a backslash, or a backtick.</summary>
    public char Escape { get; private set; } = '\\';

    /// <summary>
    /// Takes a line into account, as long as no other line came before it. Gives what is wrong with it, without its number; else
    /// null.
    /// </summary>
    public DockerfileFault? Take(ReadOnlySpan<char> line)
    {
        if (_done || Match(line, dialect.TakesAnySpaceInDirectives) is not { } directive || !IsKnown(directive.Name))
        {
            _done = true;
            return null;
        }

        if (!_seen.Add(directive.Name))
        {
            return new DockerfileFault(0, $"only one {directive.Name} parser directive can be used")
            {
                WayOut = $"Keep one of the lines `# {directive.Name}=`."
                    + (directive.Name == "syntax" ? " Whatever it asks for, the engine's own frontend reads the file." : ""),
            };
        }

        if (directive.Name == "escape")
        {
            if (directive.Value is not ("\\" or "`"))
            {
                return new DockerfileFault(0, $"invalid escape token '{directive.Value}' does not match ` or \\");
            }

            Escape = directive.Value[0];
        }

        return null;
    }

    /// <summary>
    /// The name in lower case, and the value, of a comment that has the form of a directive; else null.
    /// </summary>
    /// <param name="unicode">Any white space may stand behind the number sign, not only ASCII's.</param>
    public static (string Name, string Value)? Match(ReadOnlySpan<char> line, bool unicode)
    {
        if (line is not ['#', ..])
        {
            return null;
        }

        var rest = unicode ? line[1..].TrimStart() : line[1..].TrimStart(Blank);
        var length = rest.IndexOfAnyExcept(NameCharacters);
        if (length <= 0 || !char.IsAsciiLetter(rest[0]))
        {
            return null;
        }

        var name = rest[..length].ToString().ToLowerInvariant();
        rest = rest[length..].TrimStart(Blank);
        if (rest is not ['=', _, ..])
        {
            return null;
        }

        // Of blanks alone, one remains: the expression wants a character.
        var value = rest[1..].Trim(Blank);
        return (name, value.IsEmpty ? rest[^1..].ToString() : value.ToString());
    }

    private bool IsKnown(string name) => name is "escape" or "syntax" || (name == "check" && dialect.KnowsCheck);

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    // What \s is in a regular expression of Go.
    private const string Blank = "\t\n\f\r ";
}
