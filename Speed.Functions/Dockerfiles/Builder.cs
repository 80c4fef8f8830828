namespace Speed.Dockerfiles;

/// <summary>What makes the image.</summary>
internal enum Builder
{
    BuildKit,

    /// <summary>The one within the engine (moby/moby, builder/dockerfile). It makes every stage before the target, too.</summary>
    Legacy,
}
