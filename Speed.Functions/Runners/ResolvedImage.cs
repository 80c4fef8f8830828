namespace Speed.Runners;

/// <summary>An image that a Dockerfile names, found on the engine.</summary>
/// <param name="Name">In full, as <see cref="ImageReference.Name"/>.</param>
/// <param name="Digest">Of its registry; null where it did not come from there.</param>
/// <param name="Env">The variables that it sets.</param>
/// <param name="OnBuild">Instructions that it adds to whoever stands on it.</param>
internal sealed record ResolvedImage(
    string Name, string Id, string? Digest, IReadOnlyDictionary<string, string> Env, IReadOnlyList<string> OnBuild)
{
    /// <summary>Under which the engine has it: what the Dockerfile says in the end.</summary>
    public string EngineName { get; init; } = Name;

    public static ResolvedImage Of(ImageReference name, EngineImage image) => new(
        name.Name,
        image.Id,
        name.Digest ?? (DigestsOf(name, image) is [var first, ..] ? first : null),
        EnvOf(image.Inspected.Config?.Env),
        [.. image.Inspected.Config?.OnBuild ?? []])
    {
        EngineName = image.Name,
    };

    /// <summary>Those under which the engine got it from this very repository.</summary>
    public static IReadOnlyList<string> DigestsOf(ImageReference name, EngineImage image) =>
    [
        .. from one in image.Inspected.RepoDigests ?? []
           let reference = ImageReference.Parse(one)
           where reference?.Digest is not null && reference.Repository == name.Repository
           select reference.Digest,
    ];

    // Of two of one name the last one counts.
    private static Dictionary<string, string> EnvOf(IEnumerable<string>? variables)
    {
        var values = new Dictionary<string, string>();
        foreach (var pair in (variables ?? []).Select(variable => variable.Split('=', 2)))
        {
            values[pair[0]] = pair.ElementAtOrDefault(1) ?? "";
        }

        return values;
    }
}
