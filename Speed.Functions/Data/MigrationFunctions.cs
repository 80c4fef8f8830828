using System.Security.Cryptography;
using System.Text;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// What migrations compute that SQL cannot. What they wrote stays, so that these go on giving what they gave: the names
/// of before are made here by the rule of before, whatever becomes of <see cref="ServiceName"/>.
/// </summary>
internal static class MigrationFunctions
{
    private const int MaxLabelLength = 63;
    private const int MarkLength = 6;
    private const int VolumeMarkLength = 12;

    public static void Define(SqliteSession session)
    {
        session.Define("repository_identity", url => RepositoryIdentity.Of(url).Text);
        session.Define("own_host_of_before", OwnHost);
        session.Define("brief_host_of_before", BriefHost);
        session.Define("volume_mark_of_before", VolumeMark);
    }

    // What stood in the name of a volume between the instance's and its own.
    private static string VolumeMark(string url, string branch, string subdirectory)
    {
        var place = Encoding.UTF8.GetBytes($"{url}\n{branch}\n{subdirectory}");
        return Convert.ToHexStringLower(SHA256.HashData(place))[..VolumeMarkLength];
    }

    private static string OwnHost(string url, string branch, string subdirectory)
    {
        var place = Encoding.UTF8.GetBytes($"{url}\n{branch}\n{subdirectory}");
        var mark = Convert.ToHexStringLower(SHA256.HashData(place))[..MarkLength];
        return $"{Label(url, branch, subdirectory, MaxLabelLength - MarkLength - 1)}-{mark}.localhost";
    }

    private static string BriefHost(string url, string branch, string subdirectory) =>
        $"{Label(url, branch, subdirectory, MaxLabelLength)}.localhost";

    private static string Label(string url, string branch, string subdirectory, int maxLength)
    {
        var path = url.Split('?')[0].TrimEnd('/');
        var name = path[(path.LastIndexOfAny(['/', ':']) + 1)..];
        var bare = name.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
        var slug = Slug($"{bare}-{branch}-{subdirectory}");
        return slug.Length <= maxLength ? slug : slug[..maxLength].TrimEnd('-');
    }

    private static string Slug(string text)
    {
        var slug = new StringBuilder();
        foreach (var c in text.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                slug.Append(c);
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        return slug.ToString().TrimEnd('-') is { Length: > 0 } made ? made : "service";
    }
}
