namespace Speed.Dockerfiles;

/// <summary>A word of a Dockerfile by which something comes into the build.</summary>
/// <param name="Instruction">Where it stands.</param>
/// <param name="Written">As the file has it, variables and all.</param>
/// <param name="Value">What it comes to; null where nobody knows that before the build.</param>
/// <param name="Span">Where it can be replaced; null where it cannot.</param>
internal sealed record Reference(
    ReferenceKind Kind, Instruction Instruction, string Written, string? Value, TextSpan? Span)
{
    /// <summary>Of the file, from 1; of the FROM where it comes from its base.</summary>
    public int Line => Instruction.Line;

    /// <summary>Of an image, as asked for; null for the engine's own.</summary>
    public string? Platform { get; init; }

    /// <summary>Those of its variables that have no value.</summary>
    public IReadOnlyList<string> Unset { get; init; } = [];

    /// <summary>Of a source of ADD, what it must have; null for none.</summary>
    public string? Checksum { get; init; }

    public bool IsImage => Kind is ReferenceKind.Base or ReferenceKind.FromImage or ReferenceKind.MountImage;
}

internal enum ReferenceKind
{
    /// <summary>The image of a FROM.</summary>
    Base,

    /// <summary>The image of a <c>COPY --from</c>.</summary>
    FromImage,

    /// <summary>The image of a <c>RUN --mount=…,from=…</c>.</summary>
    MountImage,

    /// <summary>A stage that any of these three names, or <c>scratch</c>.</summary>
    Stage,

    /// <summary>A source of ADD that the engine would fetch over HTTP.</summary>
    AddUrl,

    /// <summary>A source of ADD that some engine would fetch with Git.</summary>
    AddGit,

    /// <summary>A source of ADD that is in the context.</summary>
    AddFile,

    /// <summary>The name of a cache that a <c>RUN --mount=type=cache</c> keeps; its target where it has none.</summary>
    CacheMount,
}
