using System.Text.RegularExpressions;

namespace Speed.Dockerfiles;

/// <summary>
/// What a source of ADD is to an engine: moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go, dispatchCopy, and
/// util/gitutil, ParseGitRef and ParseURL.
/// </summary>
internal static partial class AddSource
{
    public static ReferenceKind KindOf(string value) => value switch
    {
        _ when IsGit(value) => ReferenceKind.AddGit,
        _ when value.StartsWith("http://", StringComparison.Ordinal) => ReferenceKind.AddUrl,
        _ when value.StartsWith("https://", StringComparison.Ordinal) => ReferenceKind.AddUrl,
        _ => ReferenceKind.AddFile,
    };

    // Wider than any one version: v0.11 to v0.13 take `host/path.git` for an address, too, and look at the path with its
    // percent signs resolved.
    private static bool IsGit(string value) =>
        OtherAddress().IsMatch(value) || GitPath().IsMatch(value) || GitPath().IsMatch(Uri.UnescapeDataString(value));

    [GeneratedRegex(@"\A((?!https?://)[A-Za-z0-9+.-]+://|[^/]+@[^/]+:|github\.com/)", RegexOptions.CultureInvariant)]
    private static partial Regex OtherAddress();

    [GeneratedRegex(@"\A(?!\.\.?/)[^?#]*/[^?#]*\.git([?#]|\z)", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex GitPath();
}
