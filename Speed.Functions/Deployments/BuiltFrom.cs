using System.Text.Json.Serialization;

namespace Speed.Deployments;

/// <summary>What an attempt of a deployment is built from.</summary>
/// <param name="Dockerfile">As it is sent to the engine: what was judged stands in it by its full name.</param>
/// <param name="Sources">In the order of the file.</param>
public sealed record BuiltFrom(string Dockerfile, IReadOnlyList<BuildSource> Sources)
{
    /// <summary>TCP ports that the Dockerfile exposes, in its order. Null where nobody noted them.</summary>
    [JsonIgnore]
    public IReadOnlyList<int>? Exposed { get; init; }

    /// <summary>The same without the values of secrets, which a repository may hold as well.</summary>
    public BuiltFrom Masked(Masker masker) => this with
    {
        Dockerfile = masker.Mask(Dockerfile),
        Sources =
        [
            .. Sources.Select(source => source with
            {
                Written = masker.Mask(source.Written), Name = masker.Mask(source.Name),
            }),
        ],
    };
}

/// <summary>An image or a file that comes into a build from elsewhere.</summary>
/// <param name="Line">Of the Dockerfile.</param>
/// <param name="Written">As the Dockerfile of the repository has it, variables and all.</param>
/// <param name="Name">The full name of an image, the address of a file.</param>
/// <param name="Digest">
/// Of an image what its registry calls it, null where it came from none; of a file its checksum. With its kind, for
/// example <c>sha256:…</c>.
/// </param>
public sealed record BuildSource(int Line, string Written, string Name, string? Digest)
{
    /// <summary>Of an image what the engine calls it; null for a file.</summary>
    public string? ImageId { get; init; }

    /// <summary>As the log has it.</summary>
    public string Tell() => $"`{Written}` on line {Line} of the Dockerfile is {Name}, {Digest ?? $"image {ImageId}"}";
}
