using System.Globalization;
using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// The name of an image in full, <c>registry/path:tag</c> or <c>registry/path@digest</c>: it means the same to everybody,
/// and never the id of an image or the beginning of one.
/// </summary>
/// <remarks>
/// By the rules of distribution/reference (regexp.go; normalize.go, splitDockerDomain and ParseDockerRef). Narrower where
/// engines differ: a first part in upper case that has no dot and no port is a registry to newer ones and wrong to older
/// ones. The registry is spelled in lower case, because names of hosts are alike in any case.
/// </remarks>
/// <param name="Registry"><c>host[:port]</c>; <c>docker.io</c> for Docker Hub.</param>
/// <param name="Path">Of the repository in the registry; <c>library/…</c> for the official ones of Docker Hub.</param>
/// <param name="Tag">Null where a digest is given, which counts more.</param>
internal sealed partial record ImageReference(string Registry, string Path, string? Tag, string? Digest)
{
    public const string Hub = "docker.io";

    private const string HubOfBefore = "index.docker.io";
    private const string Official = "library/";
    private const string OwnImages = Official + "speed-";
    private const int MaxLength = 1_024;
    private const int MaxPathLength = 255;

    public bool IsOnHub => Registry == Hub;

    /// <summary>No engine has an image of that name.</summary>
    public bool IsScratch => IsOnHub && Path == Official + "scratch";

    /// <summary>Registry and path.</summary>
    public string Repository => $"{Registry}/{Path}";

    /// <summary>All of it.</summary>
    public string Name => Digest is null ? $"{Repository}:{Tag}" : $"{Repository}@{Digest}";

    /// <summary>As people write the repository; the same for all but those of Docker Hub.</summary>
    public string FamiliarRepository => IsOnHub && Path.StartsWith(Official, StringComparison.Ordinal)
        ? $"{Registry}/{Path[Official.Length..]}"
        : Repository;

    /// <summary>The registry's host in its one spelling, without its port.</summary>
    public string Host => RepositoryAddress.Normalize(Port().Replace(Registry, ""));

    /// <summary>
    /// Why no Dockerfile may name it, in words that follow "it is"; null if one may. An id is no name: whoever can guess
    /// one could read any image of the engine by it. Images of SPEED are those of other repositories.
    /// </summary>
    public static string? FindRefusal(string text) => text switch
    {
        _ when Id().IsMatch(text) => "the id of an image, not a name",
        _ when BareDigest().IsMatch(text) => "a digest without a name",
        _ when Parse(text) is { IsOnHub: true } image && image.Path.StartsWith(OwnImages, StringComparison.Ordinal) =>
            "one of the names `speed-…`, which are those of images that SPEED built",
        _ => null,
    };

    /// <summary>Null if it is the name of no image.</summary>
    public static ImageReference? Parse(string text)
    {
        if (text.Length > MaxLength || !TrySplit(text, out var registry, out var rest)
            || Remote().Match(rest) is not { Success: true } match || match.Groups["path"].Length > MaxPathLength)
        {
            return null;
        }

        var path = match.Groups["path"].Value;
        var digest = match.Groups["digest"] is { Success: true } given ? given.Value : null;
        return new ImageReference(
            registry,
            registry == Hub && !path.Contains('/') ? Official + path : path,
            digest is not null ? null : match.Groups["tag"] is { Success: true } tag ? tag.Value : "latest",
            digest);
    }

    public override string ToString() => Name;

    private static bool TrySplit(string text, out string registry, out string rest)
    {
        var slash = text.IndexOf('/');
        var first = slash < 0 ? "" : text[..slash];
        if (!first.AsSpan().ContainsAny('.', ':') && first != "localhost")
        {
            (registry, rest) = (Hub, text);

            // Of a path upper case is refused below.
            return true;
        }

        registry = first.ToLowerInvariant() is var host && host == HubOfBefore ? Hub : host;
        rest = text[(slash + 1)..];
        var port = Port().Match(registry);
        return Domain().IsMatch(registry) && (!port.Success || IsPort(port.Value[1..]));
    }

    private static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535;

    [GeneratedRegex(
        @"\A([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[a-f0-9:]+\])(:[0-9]+)?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Domain();

    [GeneratedRegex(@":[0-9]+\z")]
    private static partial Regex Port();

    // What go-digest takes for a digest: of these three kinds, in lower case, each of its own length.
    [GeneratedRegex(
        @"\A(?<path>[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*)"
        + @"(:(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
        + @"(@(?<digest>sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}))?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Remote();

    // The short form of an id has twelve digits; with fewer it is a name like any other, since it is never asked for as an id.
    [GeneratedRegex(@"\A[A-Fa-f0-9]{12,64}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A@?sha(256|384|512):", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BareDigest();
}
