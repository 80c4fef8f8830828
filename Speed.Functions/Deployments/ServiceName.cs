using System.Security.Cryptography;
using System.Text;

namespace Speed.Deployments;

/// <summary>
/// The names under <c>.localhost</c> that a service has by itself: <c>repository-branch</c>, with the subdirectory
/// where there is one. They stay the same for all deployments of one url, branch and subdirectory.
/// </summary>
public static class ServiceName
{
    private const int MaxLabelLength = 63;
    private const int MarkLength = 6;

    /// <summary>Ends in a mark made of url, branch and subdirectory, so that no other service has it.</summary>
    public static string Own(Deployment service) =>
        $"{Label(service, MaxLabelLength - MarkLength - 1)}-{Mark(service)}.localhost";

    /// <summary>Without the mark: services of repositories that are called alike share it.</summary>
    public static string Brief(Deployment service) => $"{Label(service, MaxLabelLength)}.localhost";

    private static string Label(Deployment service, int maxLength)
    {
        var slug = Slug($"{Repository(service.Options.Url)}-{BranchOf(service)}-{service.Options.Subdirectory}");
        return slug.Length <= maxLength ? slug : slug[..maxLength].TrimEnd('-');
    }

    // The last part of the address, in the short form of ssh too.
    private static string Repository(string url)
    {
        var path = url.Split('?')[0].TrimEnd('/');
        var name = path[(path.LastIndexOfAny(['/', ':']) + 1)..];
        return name.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
    }

    private static string BranchOf(Deployment service) => service.Branch ?? service.Options.Branch ?? "";

    // What cannot stand in a name becomes a hyphen, several of them one.
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

    private static string Mark(Deployment service) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{service.Options.Url}\n{BranchOf(service)}\n{service.Options.Subdirectory}")))[..MarkLength];
}
