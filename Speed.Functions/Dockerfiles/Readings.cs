using Speed.Deployments;

namespace Speed.Dockerfiles;

/// <summary>
/// A text as every generation of Docker's parser reads it. What all of them make of it is what SPEED judges; where two
/// differ, and what comes into the build hangs on it, it is refused.
/// </summary>
internal sealed class Readings
{
    private readonly IReadOnlyList<Dockerfile> _readable;

    private Readings(Dockerfile likeliest, IReadOnlyList<Dockerfile> readable)
    {
        (Likeliest, _readable) = (likeliest, readable);
    }

    /// <summary>As the engine reads it, most likely.</summary>
    public Dockerfile Likeliest { get; }

    /// <summary>Why the engine does not build it, in its own words; null where it may.</summary>
    public DockerfileFault? Fault => _readable.Count == 0 ? Likeliest.Fault : null;

    /// <param name="hereDocuments">
    /// Whether the engine knows here-documents. One that does not reads as the first generation, and as no other.
    /// </param>
    public static Readings Of(string text, bool hereDocuments)
    {
        var all = Dialect.Of(hereDocuments).Select(dialect => Dockerfile.Parse(text, dialect)).ToArray();
        var readable = all.Where(reading => reading.Fault is null).ToArray();
        return readable.Length == 0 || (!hereDocuments && all[0].Fault is not null)
            ? new Readings(all[0], [])
            : new Readings(readable[0], readable);
    }

    /// <summary>
    /// Throws <see cref="FailureCode.DockerfileRefused"/> where any generation would let a step do too much.
    /// </summary>
    public void Check()
    {
        foreach (var reading in _readable)
        {
            DockerfileRules.Check(reading.Instructions, "the Dockerfile");
        }
    }

    /// <summary>
    /// All that the build takes from outside. Throws <see cref="FailureCode.DockerfileRefused"/> where that cannot be told,
    /// or where two generations tell it differently.
    /// </summary>
    /// <param name="resolve">Called once for each image and platform.</param>
    public async Task<Walk> WalkAsync(
        BuildInputs inputs, Func<Reference, CancellationToken, Task<BaseImage>> resolve,
        CancellationToken cancellationToken)
    {
        var known = new Dictionary<(string?, string?), BaseImage>();
        Walk? judged = null;
        DeploymentFailedException? failure = null;
        foreach (var reading in _readable)
        {
            if (reading.FindTarget(inputs.Target) is not { } target)
            {
                continue;
            }

            var walk = await new BuildGraph(reading, inputs, FindAsync).WalkAsync(target, cancellationToken);
            failure ??= walk.Failure;
            if (walk.Failure is null && judged is not null)
            {
                CheckSame(judged.References, walk.References);
            }

            judged ??= walk.Failure is null ? walk : null;
        }

        return judged ?? throw failure
            ?? throw new InvalidOperationException("No reading of the Dockerfile has its target.");

        // What the likeliest reading does not ask for, no other gets asked for.
        async Task<BaseImage> FindAsync(Reference reference, CancellationToken token)
        {
            var key = (reference.Value, reference.Platform);
            if (!known.TryGetValue(key, out var image))
            {
                image = judged is null ? await resolve(reference, token) : throw Differ(reference);
                known[key] = image;
            }

            return image;
        }
    }

    private static void CheckSame(IReadOnlyList<Reference> judged, IReadOnlyList<Reference> other)
    {
        for (var i = 0; i < Math.Max(judged.Count, other.Count); i++)
        {
            var (mine, theirs) = (judged.ElementAtOrDefault(i), other.ElementAtOrDefault(i));
            if (mine is null || theirs is null || Core(mine) != Core(theirs))
            {
                throw Differ((mine ?? theirs)!);
            }
        }
    }

    private static (ReferenceKind, int, string?, TextSpan?, string?) Core(Reference reference) =>
        (reference.Kind, reference.Line, reference.Value, reference.Span, reference.Platform);

    private static DeploymentFailedException Differ(Reference reference) => DockerfileRefusal.Of(
        reference.Instruction,
        $"takes `{reference.Written}` into the build, and not every version of Docker reads it so",
        "Write the line, and those that it hangs on, in a plainer way: one instruction to a line, without escapes, nested "
        + "quotes or text behind a JSON array.");
}
