using System.Text.RegularExpressions;

namespace Speed.Deployments;

/// <summary>What of upstream's fixes matters to whoever runs strangers' code, by the program that has it.</summary>
/// <param name="Program">As people write it: <c>git</c>.</param>
/// <param name="What">What can happen without it: follows the ids.</param>
/// <param name="Source">Where upstream says so.</param>
/// <param name="FixedIn">The first version of each line that has it, in order; later lines have it.</param>
internal sealed partial record UpstreamFix(string Program, string Ids, string What, string Source, params string[] FixedIn)
{
    /// <summary>The first version that needs it; null for all.</summary>
    public string? Since { get; init; }

    /// <summary>True where a version's number says that it has no such fix. One that is not a number is told nothing of.</summary>
    public bool IsMissingIn(string version)
    {
        if (Parse(version) is not { } own || (Since is not null && Compare(own, Parse(Since)!.Value) < 0))
        {
            return false;
        }

        var all = FixedIn.Select(text => Parse(text)!.Value).ToArray();
        var line = all.Where(one => (one.Number.Major, one.Number.Minor) == (own.Number.Major, own.Number.Minor)).ToArray();
        return Compare(own, line.Length > 0 ? line[0] : all[^1]) < 0;
    }

    // "1.1.5+ds1", "v1.2.8", "git version 2.39.5", "1.4.0-rc.2": a candidate comes before its version.
    private static (Version Number, int Candidate)? Parse(string text)
    {
        var match = Form().Match(text);
        return match.Success
            ? (new Version(PartOf(1) ?? 0, PartOf(2) ?? 0, PartOf(3) ?? 0), PartOf(4) ?? int.MaxValue)
            : null;

        int? PartOf(int group) => match.Groups[group] is { Success: true } part ? int.Parse(part.ValueSpan, null) : null;
    }

    private static int Compare((Version Number, int Candidate) one, (Version Number, int Candidate) other) =>
        one.CompareTo(other);

    [GeneratedRegex(@"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:[-~.]?rc[-.]?(\d{1,6}))?")]
    private static partial Regex Form();
}

/// <summary>
/// The table of them. It is as old as its newest row: what came to be known later is in none. A distribution brings fixes
/// back without another number, so an old number is a question to the distribution, and no fault.
/// </summary>
internal static class UpstreamFixes
{
    private const string Docker = "Docker";
    private const string Runc = "runc";
    private const string Git = "git";

    /// <summary>When the newest row came to be known.</summary>
    public static DateOnly AsOf { get; } = new(2025, 11, 5);

    public static IReadOnlyList<UpstreamFix> All { get; } =
    [
        new(Runc, "CVE-2024-21626", "a container or build step reaches the host's files",
            "https://github.com/opencontainers/runc/security/advisories/GHSA-xr7r-f8xq-vfvv", "1.1.12"),
        new(Runc, "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881", "a container writes to the host's /proc and breaks out",
            "https://github.com/opencontainers/runc/security/advisories/GHSA-cgrx-mc8f-2prm", "1.2.8", "1.3.3", "1.4.0-rc.3"),
        new(Docker, "CVE-2024-24557", "an image poisons the legacy builder's cache",
            "https://github.com/moby/moby/security/advisories/GHSA-xw73-rw38-6vjc", "24.0.9", "25.0.2"),
        new(Docker, "CVE-2024-23651, CVE-2024-23652, CVE-2024-23653", "a BuildKit build reaches or removes the host's files",
            "https://github.com/moby/moby/releases/tag/v25.0.2", "25.0.2"),
        new(Docker, "CVE-2024-41110", "a request passes authorization plugins",
            "https://github.com/moby/moby/security/advisories/GHSA-v23v-6jw2-98fq", "25.0.6", "26.1.5", "27.1.1"),
        new(Docker, "moby issue 45610", "hosts of the same network segment reach ports published on 127.0.0.1",
            "https://github.com/moby/moby/issues/45610", "28.0.0"),
        new(Docker, "CVE-2025-54410", "after a reload of firewalld containers reach those of other networks",
            "https://github.com/moby/moby/security/advisories/GHSA-4vq8-7jfc-9cvp", "25.0.13", "28.0.0"),
        new(Docker, "CVE-2025-54388", "after a reload of firewalld other hosts reach ports published on 127.0.0.1",
            "https://github.com/moby/moby/security/advisories/GHSA-x4rx-4gw3-53p4", "28.3.3")
        {
            Since = "28.2.0",
        },
        new(Git, "CVE-2022-23521, CVE-2022-41903", "a repository's attributes or a commit's format write past git's memory",
            "https://github.com/git/git/security/advisories/GHSA-c738-c5qq-xg89", "2.37.5", "2.38.3", "2.39.1"),
        new(Git, "CVE-2024-32002, CVE-2024-32004, CVE-2024-32465", "cloning a repository, or working in one that was got as files, runs its code",
            "https://github.blog/2024-05-14-securing-git-addressing-5-new-vulnerabilities/",
            "2.39.4", "2.40.2", "2.41.1", "2.42.2", "2.43.4", "2.44.1", "2.45.1"),
        new(Git, "CVE-2025-48384, CVE-2025-48385", "a submodule or a server writes files where it likes",
            "https://github.blog/open-source/git/git-security-vulnerabilities-announced-6/",
            "2.43.7", "2.44.4", "2.45.4", "2.46.4", "2.47.3", "2.48.2", "2.49.1", "2.50.1"),
    ];

    /// <summary>What the doctor says of a program: never a fault.</summary>
    /// <param name="version">As it says itself; null where it is not told.</param>
    public static Finding NoteOf(string program, string? version)
    {
        var name = $"{program.ToLowerInvariant()} fixes";
        var missing = All.Where(fix => fix.Program == program && version is not null && fix.IsMissingIn(version)).ToArray();
        return (version, missing) switch
        {
            (null, _) => new Finding(name, $"its version is not told, so nothing is known of {program}'s fixes"),
            (_, []) => new Finding(name, $"{version} has all that SPEED knows of, as of {AsOf:yyyy-MM-dd}"),
            _ => new Finding(
                name,
                $"{version} is older than upstream's fixes of {string.Join("; ", missing.Select(Tell))}. Distributions bring "
                    + $"fixes back without another number: ask yours, or update. As of {AsOf:yyyy-MM-dd}."),
        };
    }

    private static string Tell(UpstreamFix fix) => $"{fix.Ids} ({fix.What}; {string.Join(", ", fix.FixedIn)})";
}
