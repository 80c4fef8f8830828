using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Sources;

/// <summary>Makes of a git command's last words a failure that its deployment's owner understands.</summary>
internal static partial class GitFault
{
    // Git has one exit code for all of these: its words, fixed by LANG, are all there is to tell them apart.
    private static readonly (FailureCode Code, string[] Words, string Message, string? Hint)[] Known =
    [
        (FailureCode.AuthRequired,
            ["could not read Username", "could not read Password", "Authentication failed", "Permission denied (",
                "terminal prompts disabled", "returned error: 401", "returned error: 403"],
            "{0} does not exist or is private: the server asks who is there.",
            "Check the url. If the repository is private, give SPEED access to it."),
        (FailureCode.RepoNotFound,
            ["fatal: repository '", "Repository not found", "does not appear to be a git repository",
                "returned error: 404", "returned error: 410"],
            "There is no repository at {0}.", "Check the url."),
        (FailureCode.DiskFull,
            ["No space left on device", "Disk quota exceeded"],
            "The disk of SPEED's machine is full.", "Free some space on it and retry."),
        (FailureCode.CloneFailed,
            ["Could not resolve host", "Could not resolve proxy", "Name or service not known"],
            "The host of {0} is unknown.", "Check the url's host name."),
        (FailureCode.CloneFailed,
            ["returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"],
            "{0} has moved: the server answers with a redirect.",
            "Give the url that it leads to; some servers want it to end in `.git`."),
        (FailureCode.CloneFailed,
            ["SSL certificate", "server certificate", "certificate verify failed"],
            "The certificate of {0} is not trusted.", "Name its authority's file in Speed__Git__CaFile."),
        (FailureCode.CloneFailed,
            ["Host key verification failed"],
            "The ssh host key of {0} is not known to SPEED.",
            "The operator adds it to the file of Speed__Git__KnownHostsFile; `ssh-keyscan` prints it."),
        (FailureCode.CloneFailed,
            ["Operation too slow", "Operation timed out"],
            "{0} sent nothing for a minute.", "Retry when the server answers again."),
    ];

    // How Git names an object in which it finds a fault, and the fault, where it takes objects in and where it looks for them.
    [GeneratedRegex(@"^error(?: in \w+|: object) [0-9a-f]+: (?<fault>\w+: .+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Refused { get; }

    /// <summary>The failure of a command that spoke with the repository at <paramref name="url"/>.</summary>
    /// <param name="tried">What failed, for whoever looks for the reason by hand.</param>
    public static DeploymentFailedException From(GitExit exit, string url, string tried = "git ls-remote")
    {
        var words = OwnLines(exit.Errors).ToArray();
        if (words.Select(line => Refused.Match(line)).FirstOrDefault(match => match.Success) is { } refused)
        {
            return new DeploymentFailedException(
                FailureCode.CloneFailed,
                $"{url} is not taken, for Git finds a fault in it: {refused.Groups["fault"].Value}.",
                "In a clone `git fsck --strict` names the object: write the commits that have it anew.");
        }

        var known = Known.FirstOrDefault(one => one.Words.Any(word => words.Any(line => line.Contains(word))));
        return known.Message is not null
            ? new DeploymentFailedException(known.Code, string.Format(null, known.Message, url), known.Hint)
            : new DeploymentFailedException(
                FailureCode.CloneFailed,
                $"Git could not fetch {url}: {LastWords(words, exit)}",
                $"Try `{tried}` with this url on SPEED's machine.");
    }

    /// <summary>The same of a repository on the way to which a secret may have been left behind: then that is told.</summary>
    public static DeploymentFailedException From(GitExit exit, GitRoute route, string tried = "git ls-remote")
    {
        var fault = From(exit, route.Url, tried);
        return route.Withheld == Withheld.Nothing || fault.Code is not (FailureCode.AuthRequired or FailureCode.RepoNotFound)
            ? fault
            : WithoutSecret(route);
    }

    /// <summary>What is said of one that is not had without a secret which was left behind.</summary>
    // Servers say of a private repository that it is not there, or that they ask who is: which of the two, nobody knows.
    public static DeploymentFailedException WithoutSecret(GitRoute route)
    {
        var (why, hint) = route.Withheld switch
        {
            Withheld.OtherServer => (
                "it redirects to another server, and the secret for the first was not sent there",
                "Give the url that it leads to, and a secret that is for it."),
            Withheld.NotReached => (
                "it was fetched without any secret, for it is none of the `repos` of the token or hook that this was deployed by",
                "Deploy with a token whose `repos` match it, or name it in the hook's `repos`."),
            _ => (
                "it redirects to another repository, and the secret for the first, which is not for that one, was not sent",
                "Give the url that it leads to, or the secret `repos` that match both."),
        };
        return new DeploymentFailedException(
            FailureCode.AuthRequired, $"{route.Url} does not exist or is private: {why}.", hint);
    }

    /// <summary>What is said of a host that has no address.</summary>
    public static DeploymentFailedException UnknownHost(string url) =>
        From(new GitExit(1, "Could not resolve host"), url);

    /// <summary>True if one of Git's own lines has these words.</summary>
    public static bool Says(this GitExit exit, string words) => OwnLines(exit.Errors).Any(line => line.Contains(words));

    // What begins with "remote:" is the server's prose, which could say anything.
    private static IEnumerable<string> OwnLines(string errors) =>
        errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(line => !line.StartsWith("remote:", StringComparison.Ordinal)
                && !line.StartsWith("warning:", StringComparison.Ordinal));

    private static string LastWords(string[] lines, GitExit exit) =>
        lines.Length == 0 ? $"exit code {exit.Code}." : string.Join(' ', lines.TakeLast(3));
}
