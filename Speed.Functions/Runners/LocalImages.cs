using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Which images of the engine are for every deployment: patterns of whole names, where <c>*</c> stands for any characters.
/// </summary>
internal sealed class LocalImages(IReadOnlyList<string> patterns)
{
    /// <summary>True if a pattern matches the image's repository, or all of its name.</summary>
    public bool Has(ImageReference image) =>
        Glob.MatchesAny(patterns, image.Repository) || Glob.MatchesAny(patterns, image.Name);
}
