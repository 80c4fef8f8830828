using System.Text.RegularExpressions;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Tells why an image cannot be had, and what to do. Whether the engine has it is not told: that, too, is for those who may
/// have it.
/// </summary>
internal static partial class ImageUnavailable
{
    public static DeploymentFailedException For(
        ImageName name, ImageReference image, RegistryAnswer answer, LocalImages local, string enginePlatform)
    {
        var isForeign = name.Platform is { } platform && !platform.StartsWith(enginePlatform, StringComparison.Ordinal);
        var what = isForeign ? $"Image `{name.Name}` for {name.Platform}" : $"Image `{name.Name}`";
        string?[] hints =
        [
            isForeign
                ? $"It is asked for by --platform={name.Platform}, and this machine is {enginePlatform}: take the flag away, unless "
                    + "that is meant."
                : null,
            HintFor(image, answer),
            MayBeId().IsMatch(name.Name)
                ? $"If `{name.Name}` is meant as the beginning of an image's id: images are taken by name. Push that one under a name."
                : null,
            local.Has(image)
                ? $"Or have it put on the engine by hand: `docker pull {(isForeign ? $"--platform {name.Platform} " : "")}{image}` or "
                    + "`docker load`."
                : $"One that is on the engine is for everybody where `{image.Repository}` is in "
                    + "Speed__Docker__LocalImages, which is the operator's.",
        ];
        return new DeploymentFailedException(
            FailureCode.BaseImageUnavailable,
            $"{what} on line {name.Line} of the Dockerfile cannot be had from its registry: {answer.Reason}",
            string.Join(' ', hints.OfType<string>()));
    }

    /// <summary>Of a name that is none.</summary>
    public static DeploymentFailedException NoName(ImageName name)
    {
        var fault = ImageNameFault.Find(name.Name);
        return new DeploymentFailedException(
            FailureCode.DockerfileRefused,
            $"`{name.Name}` on line {name.Line} of the Dockerfile is not the name of an image{(fault is null ? "" : $": {fault}")}.",
            "Write [registry[:port]/]path[:tag][@digest], the path in lower case.");
    }

    /// <summary>Of <c>scratch</c> with a tag or a registry.</summary>
    public static DeploymentFailedException Scratch(ImageName name) => new(
        FailureCode.DockerfileRefused,
        $"`{name.Name}` on line {name.Line} of the Dockerfile is no image: `scratch` is the word for an empty stage, and stands alone.",
        "For an empty stage write `FROM scratch`; to copy from it there is nothing.");

    private static string? HintFor(ImageReference image, RegistryAnswer answer) => answer switch
    {
        _ when image.Registry.StartsWith('[') && answer.Reason!.Contains("invalid reference format", StringComparison.Ordinal) =>
            "This engine takes no registry by an IPv6 address: name its host, or have the operator update Docker.",
        { IsSilence: true } => $"Check that `{image.Registry}` is its registry and that the engine reaches it, or deploy again later.",
        { HadLogin: true } => "It was asked for with a login: check name and tag, and that this login may have it.",
        { HadLogin: false } => "It was asked for without a login: check name and tag. For an image that needs one, keep a secret with "
            + $"`use: registry`, and `{image.Registry}` among its `repos`, that is for this repository.",
        _ => null,
    };

    // A word that is hex alone is seldom meant otherwise where it has a digit in it.
    [GeneratedRegex(@"\A(?=[a-f]*[0-9])[a-f0-9]{4,11}\z", RegexOptions.CultureInvariant)]
    private static partial Regex MayBeId();
}
