using System.Globalization;
using System.Text.RegularExpressions;

namespace Speed.Deployments;

/// <summary>
/// The syntax of a repository's address: <c>scheme://host[:port]/path</c>, <c>file:///path</c>, or the short form
/// of ssh, <c>user@host:path</c>. Narrower than what Git would take: whatever passes means the same to everybody.
/// </summary>
public static partial class RepositoryUrl
{
    public const int MaxLength = 2_048;

    /// <summary>The schemes that an operator can allow.</summary>
    public static IReadOnlyList<string> KnownSchemes { get; } = ["https", "http", "ssh", "file"];

    /// <summary>What is wrong with the address, in a sentence without the address; null if nothing is.</summary>
    public static string? FindFault(string url, IReadOnlyCollection<string> allowedSchemes)
    {
        if (url.Length is 0 or > MaxLength)
        {
            return $"The url must have 1 to {MaxLength:N0} characters.";
        }

        if (url.Any(char.IsControl))
        {
            return "The url must not contain control characters.";
        }

        var (scheme, match) = Match(url);
        if (!match.Success)
        {
            return "The url must have the form https://host/path.";
        }

        return FindSchemeFault(scheme, allowedSchemes)
            ?? FindUserFault(scheme, match.Groups["user"])
            ?? FindHostFault(scheme, match.Groups["host"].Value, match.Groups["port"]);
    }

    /// <summary>The parts of an address in which <see cref="FindFault"/> finds nothing.</summary>
    public static RepositoryAddress Parse(string url)
    {
        var (scheme, match) = Match(url);
        return new RepositoryAddress(
            scheme,
            RepositoryAddress.Normalize(match.Groups["host"].Value),
            match.Groups["port"] is { Success: true } port ? int.Parse(port.Value, CultureInfo.InvariantCulture) : null,
            match.Groups["path"].Value)
        {
            User = match.Groups["user"] is { Success: true } user ? user.Value : null,
            IsShort = !FullForm().IsMatch(url),
        };
    }

    private static (string Scheme, Match Match) Match(string url)
    {
        var full = FullForm().Match(url);
        return full.Success ? (full.Groups["scheme"].Value, full) : ("ssh", ShortForm().Match(url));
    }

    private static string? FindSchemeFault(string scheme, IReadOnlyCollection<string> allowedSchemes) =>
        allowedSchemes.Contains(scheme)
            ? null
            : $"The url's scheme `{scheme}` is not allowed here; allowed: {string.Join(", ", allowedSchemes)}.";

    // Whatever stands before the @ would be stored, logged and shown.
    private static string? FindUserFault(string scheme, Group user) => user switch
    {
        { Success: false } => null,
        _ when scheme != "ssh" => "The url must not contain a user name or password.",
        _ when !UserName().IsMatch(user.Value) => "The url of ssh may name a user before the host, but no password.",
        _ => null,
    };

    private static string? FindHostFault(string scheme, string host, Group port)
    {
        if (scheme == "file")
        {
            return host.Length == 0 ? null : "A file url has no host: file:///path.";
        }

        if (!Host().IsMatch(host))
        {
            return host.Length == 0
                ? "The url must name a host."
                : "The url's host must be a name in ASCII (xn--… for others), an IPv4 address or an [IPv6] address.";
        }

        return port.Success && !(int.TryParse(port.Value, out var number) && number is >= 1 and <= 65_535)
            ? "The url's port must be a number from 1 to 65535."
            : null;
    }

    [GeneratedRegex(
        @"^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://((?<user>[^/?#]*)@)?"
        + @"(?<host>\[[^/?#@\]]*\]|[^/?#@:]*)(:(?<port>[^/?#@]*))?(?<path>[/?#].*)?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex FullForm();

    // A path that begins with a colon would name a remote helper (ext::…), a program of Git's choice.
    [GeneratedRegex(@"^((?<user>[^/:@]+)@)?(?<host>[^/:@]+):(?!:|//)(?<path>[^-].*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ShortForm();

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    private static partial Regex UserName();

    [GeneratedRegex(@"^([A-Za-z0-9_]([A-Za-z0-9_.-]*)|\[[0-9A-Fa-f:.]+\])$")]
    private static partial Regex Host();
}
