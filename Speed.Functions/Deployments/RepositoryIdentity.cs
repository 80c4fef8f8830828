using System.Text;
using System.Text.Unicode;

namespace Speed.Deployments;

/// <summary>
/// Which repository an address means, however it is spelled. All that belongs to a repository (its services, their
/// volumes and names, its hooks, history and images) goes by it, compared byte by byte; patterns alone ignore case.
/// </summary>
/// <remarks>
/// <c>host[:port]/path</c> for https, for ssh without a user or as <c>git</c>, and for <c>git@host:path</c>. What could
/// be another repository has a form of its own: <c>http://…</c>, <c>file:///…</c>, <c>ssh://user@host/path</c>, and
/// <c>user@host:path</c>, a path below that user's home. An address that is refused today, of a deployment of before,
/// is its own identity, byte for byte.
/// </remarks>
public sealed record RepositoryIdentity
{
    private const string Git = "git";
    private const string PathEnd = ".git";

    private static readonly string[] Schemes = [.. RepositoryUrl.KnownSchemes, Git];

    // Where they are known not to tell upper case from lower case.
    private static readonly string[] CaselessHosts = ["github.com", "gitlab.com", "bitbucket.org"];

    private RepositoryIdentity(string text) => Text = text;

    /// <summary>As it is stored and compared.</summary>
    public string Text { get; }

    /// <summary>What patterns for repositories are matched with: without scheme and user, <c>host[:port]/path</c>.</summary>
    public string Target => IsOwnBytes ? Glob.TargetOf(Text) : TargetOf(Text);

    /// <summary>The last part of its path, for names that are made of it.</summary>
    public string Name
    {
        get
        {
            var path = Target.Split('?')[0].TrimEnd('/');
            return path[(path.LastIndexOfAny(['/', ':']) + 1)..];
        }
    }

    /// <summary>
    /// What is wrong with an address of a repository, in a sentence with the way out and without the address; null if
    /// nothing is.
    /// </summary>
    public static string? FindFault(string url, IReadOnlyCollection<string> allowedSchemes) =>
        RepositoryUrl.FindFault(url, allowedSchemes) ?? FindPathFault(RepositoryUrl.Parse(url).Path);

    /// <summary>Of any text: what is no address of a repository, or is one that is refused today, stays as it is.</summary>
    public static RepositoryIdentity Of(string url) => new(FindFault(url, Schemes) is null ? Spell(url) : url);

    /// <summary>One that was stored.</summary>
    public static RepositoryIdentity Parse(string text) => new(text);

    public bool MatchesAny(IEnumerable<string> patterns) => Glob.MatchesAny(patterns, Target);

    public override string ToString() => Text;

    private static string Spell(string url)
    {
        var address = RepositoryUrl.Parse(url);
        var path = PathOf(address);
        var place = address.Authority + (path.Length == 0 ? "" : "/") + path;
        return address switch
        {
            { Scheme: "file" } => $"file:///{path}",
            { Scheme: "http" or Git } => $"{address.Scheme}://{place}",
            { User: null or Git } => place,
            { IsShort: true } when !address.Path.StartsWith('/') => $"{address.User}@{address.Host}:{path}",
            _ => $"ssh://{address.User}@{place}",
        };
    }

    // In the short form git leaves % as it is.
    private static string PathOf(RepositoryAddress address)
    {
        var path = (address.IsShort ? address.Path : Decode(address.Path)!).Trim('/');
        var bare = path.EndsWith(PathEnd, StringComparison.OrdinalIgnoreCase) ? path[..^PathEnd.Length] : path;
        path = FindPathFault(bare) is null ? bare.TrimEnd('/') : path;
        return CaselessHosts.Contains(address.Host) ? path.ToLowerInvariant() : path;
    }

    private bool IsOwnBytes
    {
        get
        {
            var scheme = Text.IndexOf("://", StringComparison.Ordinal);
            return Text.StartsWith("https://", StringComparison.Ordinal)
                || FindPathFault(scheme < 0 ? PathOfShort(Text) : PathOfFull(Text[(scheme + 3)..])) is not null;
        }
    }

    private static string PathOfFull(string rest) =>
        rest.IndexOfAny(['/', '\\', '?', '#']) is >= 0 and var at ? rest[at..] : "";

    // What stands behind host and port, or behind the colon of the short form.
    private static string PathOfShort(string text)
    {
        var path = PathOfFull(text);
        var colon = text[..^path.Length].IndexOf(':');
        return colon < 0 ? path : text[(colon + 1)..].TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
    }

    private static string TargetOf(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? text : text[(scheme + 3)..];
        var at = rest.IndexOf('@');
        var slash = rest.IndexOf('/');
        if (at < 0 || (slash >= 0 && slash < at))
        {
            return rest;
        }

        rest = rest[(at + 1)..];
        var colon = rest.IndexOf(':');
        return scheme >= 0 || colon < 0 ? rest : $"{rest[..colon]}/{rest[(colon + 1)..]}";
    }

    // As written and decoded until nothing is left to decode: who serves it may decode once more than we do.
    private static string? FindPathFault(string path)
    {
        while (true)
        {
            if (FindPlainFault(path) is { } fault)
            {
                return fault;
            }

            if (Decode(path) is not { } decoded)
            {
                return "The url's path must be UTF-8 where it is percent-encoded: encode its characters as UTF-8.";
            }

            if (decoded == path)
            {
                return null;
            }

            if (decoded.Count(c => c == '/') != path.Count(c => c == '/'))
            {
                return "The url's path must not have an encoded slash (%2F): write it as `/`.";
            }

            path = decoded;
        }
    }

    private static string? FindPlainFault(string path)
    {
        if (path.IndexOfAny(['\\', '?', '#']) is >= 0 and var index)
        {
            return $"The url must not have a `{path[index]}`, encoded or not: "
                + "give the address that `git clone` takes without it.";
        }

        if (path.Any(char.IsControl))
        {
            return "The url must not contain control characters, encoded ones neither: leave them out.";
        }

        var parts = (path.StartsWith('/') ? path[1..] : path).TrimEnd('/').Split('/');
        return parts.FirstOrDefault(part => part is "." or "..") is { } dots
                ? $"The url's path must not have a part `{dots}`, encoded or not: give the path that it leads to."
            : parts.Length > 1 && parts.Contains("")
                ? "The url's path must not have empty parts: write one `/` between two names."
            : null;
    }

    // Null where what is encoded is no text. A % that encodes nothing stands for itself, as it does for git.
    private static string? Decode(string path)
    {
        if (!path.Contains('%'))
        {
            return path;
        }

        var written = Encoding.UTF8.GetBytes(path);
        var bytes = new List<byte>(written.Length);
        for (var i = 0; i < written.Length; i++)
        {
            var isEncoded = written[i] == '%' && i + 2 < written.Length
                && char.IsAsciiHexDigit((char)written[i + 1]) && char.IsAsciiHexDigit((char)written[i + 2]);
            bytes.Add(isEncoded ? Convert.FromHexString(written.AsSpan(i + 1, 2))[0] : written[i]);

            // Behind both digits.
            i += isEncoded ? 2 : 0;
        }

        byte[] decoded = [.. bytes];
        return Utf8.IsValid(decoded) ? Encoding.UTF8.GetString(decoded) : null;
    }
}
