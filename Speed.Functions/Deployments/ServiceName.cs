using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Speed.Deployments;

/// <summary>
/// The names under <c>.localhost</c> that a service gets by itself: <c>repository-branch</c>, with the subdirectory and
/// its own name where there are such. Once given they are stored, and stay the same for all deployments of one
/// repository, branch, subdirectory and name.
/// </summary>
public static class ServiceName
{
    private const int MaxLabelLength = 63;
    // 130 bits: of fewer, somebody finds a repository and branch of their own whose mark is another's by trying.
    private const int MarkLength = 26;
    private const string MarkLetters = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Ends in a mark made of all that makes it this service.</summary>
    /// <param name="place">
    /// From 1: which to try, for another service may have the one before. From the second on it is part of the name.
    /// </param>
    public static string Own(Deployment service, int place = 1)
    {
        var end = place == 1 ? $"-{Mark(service)}" : string.Create(CultureInfo.InvariantCulture, $"-{Mark(service)}-{place}");
        return $"{Label(service, MaxLabelLength - end.Length)}{end}.localhost";
    }

    /// <summary>Without the mark: services that are called alike share it.</summary>
    public static string Brief(Deployment service) => $"{Label(service, MaxLabelLength)}.localhost";

    private static string Label(Deployment service, int maxLength)
    {
        var (options, repository) = (service.Options, service.Identity.Name);
        var slug = Slug($"{repository}-{BranchOf(service)}-{options.Subdirectory}-{options.Name}");
        return slug.Length <= maxLength ? slug : slug[..maxLength].TrimEnd('-');
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

    private static string Mark(Deployment service)
    {
        var (options, branch) = (service.Options, BranchOf(service));
        var place = $"{service.Identity}\n{branch}\n{options.Subdirectory}\n{options.Name}";
        return Base32(SHA256.HashData(Encoding.UTF8.GetBytes(place)))[..MarkLength];
    }

    // Five bits a letter, as RFC 4648 has it, in the lower case of host names.
    private static string Base32(byte[] bytes)
    {
        var text = new StringBuilder();
        var (bits, count) = (0, 0);
        foreach (var one in bytes)
        {
            (bits, count) = ((bits << 8) | one, count + 8);
            for (; count >= 5; count -= 5)
            {
                text.Append(MarkLetters[(bits >> (count - 5)) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        return text.ToString();
    }
}
