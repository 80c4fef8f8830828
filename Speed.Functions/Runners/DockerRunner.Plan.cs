using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What a deployment is built from: every word that takes something in is judged, and stands by its full name.</summary>
public sealed partial class DockerRunner
{
    // Build arguments by which BuildKit is told what is ours to say.
    private static readonly Dictionary<string, string> Reserved = new()
    {
        ["BUILDKIT_SYNTAX"] = "it would have the engine run a frontend that SPEED never saw",
        [BuildRequest.CacheNamespaceArg] = "cache mounts belong to the repository",
    };

    private const int MostNamed = 10;

    // Counted up when the same text may come to another image: what was built before counts no more then.
    private const int RulesVersion = 1;

    public async Task<BuildPlan> PlanAsync(
        Deployment deployment, ISourceTree source, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var options = deployment.Options;
        var engine = await _docker.DescribeAsync(cancellationToken);
        var builder = BuilderOf(engine);
        var path = DockerfilePath.Find(source, DockerfilePath.Normalize(options.Dockerfile));
        var text = options.DockerfileText ?? await DockerfilePath.ReadAsync(source, path, cancellationToken);
        var readings = Read(text, engine, builder);
        CheckTarget(readings.Likeliest, options.Target);
        var (plain, frontend) = Frontend.Drop(text);
        var buildArgs = BuildArgsFor(options, source, plain);
        await SayWhatIsLeftOutAsync(frontend, options, log, cancellationToken);

        var asker = new ImageAsker(deployment.Identity, secrets.Registries, options.ClearCache, log)
        {
            Platform = engine.Platform,
        };
        var images = new Dictionary<(string?, string?), ResolvedImage>();
        var walk = await readings.WalkAsync(
            new BuildInputs(buildArgs, engine.Platform, builder, options.Target) { HasNetwork = _options.BuildsHaveNetwork },
            ResolveAsync, cancellationToken);
        var former = new BuildKey(
            source.TreeId, path, BuildKey.Sha256(plain.TrimStart('\uFEFF')), options.Target, buildArgs,
            [.. walk.Images.Select(image => images[(image.Value, image.Platform)].Id)],
            engine.Platform, builder.ToString());
        await using var fetched = await FetchAsync(walk.References, source, log, cancellationToken);
        var judged = JudgedWordsOf(walk.References, images).Concat(fetched.WordsFor(text));
        var sources = SourcesOf(walk.References, images, fetched);
        foreach (var from in sources)
        {
            await log.SayAsync(from.Tell(), cancellationToken);
        }

        return new BuildPlan(
            deployment, KeyOf(text, walk.References, fetched, former, deployment).Hash(), path,
            Rewriting.Apply(text, judged, engine.HasHereDocuments, fetched.Lines), buildArgs)
        {
            DockerfileInTree = (await source.ResolveAsync(path, cancellationToken)).Path,
            FormerKey = walk.References.Any(IsMoreThanFormerKeysKnow) ? null : former.Hash(),
            Sources = sources,
            Exposed = walk.Exposed,
            Fetched = fetched.HandOver(),
        };

        async Task<BaseImage> ResolveAsync(Reference reference, CancellationToken token)
        {
            var name = new ImageName(reference.Value!, reference.Line, reference.Platform)
            {
                Written = reference.Written,
                Unset = reference.Unset,
            };
            var image = await _bases.ResolveAsync(name, asker, token);
            images[(reference.Value, reference.Platform)] = image;
            return new BaseImage(image.Env, image.OnBuild);
        }
    }

    // What an address has by now, and whose caches are mounted: an image of the former key may hold those of before, and of
    // others.
    private static bool IsMoreThanFormerKeysKnow(Reference reference) =>
        reference.Kind is ReferenceKind.AddUrl or ReferenceKind.CacheMount;

    private static BuildKey KeyOf(
        string text, IReadOnlyList<Reference> references, FetchedSources fetched, BuildKey former, Deployment deployment) =>
        former with
        {
            DockerfileSha256 = BuildKey.Sha256(text),
            Judged =
            [
                .. references.Select(reference => $"{reference.Line} {reference.Kind} {reference.Value}"),
                .. fetched.Files.Select(file => $"{file.Name} {file.Sha256} {file.Time.ToUnixTimeSeconds()}"),
            ],
            Rules = RulesVersion,
            Caches = references.Any(reference => reference.Kind == ReferenceKind.CacheMount)
                ? deployment.Identity.Text
                : null,
        };

    private static Readings Read(string text, Engine engine, Builder builder)
    {
        var readings = Readings.Of(text, engine.HasHereDocuments);
        if (readings.Fault is { } fault)
        {
            throw BuildFailure.From(fault, engine, builder, Dockerfile.Parse(text));
        }

        readings.Check();
        return readings;
    }

    private Builder BuilderOf(Engine engine) =>
        _options.Sandbox == Sandbox.Standard && engine.HasBuildKit ? Builder.BuildKit : Builder.Legacy;

    private static void CheckTarget(Dockerfile dockerfile, string? target)
    {
        if (dockerfile.FindTarget(target) is not null)
        {
            return;
        }

        if (dockerfile.Stages.Count == 0)
        {
            throw new DeploymentFailedException(
                FailureCode.BuildFailed, "The Dockerfile has no FROM.", "Begin it with FROM and a base image.");
        }

        string[] names = [.. dockerfile.Stages.Select(stage => stage.Name).OfType<string>().Distinct()];
        var there = names.Length > 0
            ? $"it has {string.Join(", ", names.Take(MostNamed).Select(name => $"`{name}`"))}{(names.Length > MostNamed ? ", …" : "")}"
            : "none of its stages has a name";
        var isNumber = target!.All(char.IsAsciiDigit);
        throw new DeploymentFailedException(
            FailureCode.BuildFailed,
            $"Stage `{target}` does not exist in the Dockerfile; {there}.",
            (isNumber ? "A target is a stage's name, not its number. " : "")
            + (names.Length > 0
                ? "Name one of them as `target`, or leave it out for the last stage."
                : "Name a stage with `FROM … AS name`, or leave `target` out for the last one."));
    }

    private static async Task SayWhatIsLeftOutAsync(
        string? frontend, DeploymentOptions options, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (frontend is not null)
        {
            await log.SayAsync(
                $"The Dockerfile asks for the frontend {frontend}; the engine's own is used instead.", cancellationToken);
        }

        foreach (var (name, reason) in Reserved.Where(one => options.BuildArgs.ContainsKey(one.Key)))
        {
            await log.SayAsync($"The build argument {name} is left out: {reason}.", cancellationToken);
        }
    }

    /// <summary>
    /// What was asked for and, where the Dockerfile mentions them, what is known of the source: given always, they
    /// would make every commit another image.
    /// </summary>
    private static SortedDictionary<string, string> BuildArgsFor(
        DeploymentOptions options, ISourceTree source, string dockerfileText)
    {
        var args = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in new[] { ("SOURCE_COMMIT", source.Commit), ("SOURCE_BRANCH", source.Branch) })
        {
            if (dockerfileText.Contains(name, StringComparison.Ordinal))
            {
                args[name] = value;
            }
        }

        foreach (var (name, value) in options.BuildArgs.Where(arg => !Reserved.ContainsKey(arg.Key)))
        {
            args[name] = value;
        }

        return args;
    }

    private static BuildSource[] SourcesOf(
        IReadOnlyList<Reference> references, Dictionary<(string?, string?), ResolvedImage> images, FetchedSources fetched)
    {
        return [.. references.Select(SourceOf).OfType<BuildSource>()];

        BuildSource? SourceOf(Reference reference)
        {
            var (line, written) = (reference.Line, reference.Written);
            if (fetched.FileOf(reference) is { } file)
            {
                return new BuildSource(line, AddFetch.WithoutLogin(written), file.Address, $"sha256:{file.Sha256}");
            }

            return reference.IsImage && images[(reference.Value, reference.Platform)] is var image
                ? new BuildSource(line, written, image.Name, image.Digest) { ImageId = image.Id }
                : null;
        }
    }

    // An image stands by its full name in every place that names it, a stage and a file by what their variables come to.
    private static IEnumerable<JudgedWord> JudgedWordsOf(
        IReadOnlyList<Reference> references, Dictionary<(string?, string?), ResolvedImage> images)
    {
        foreach (var reference in references)
        {
            var word = reference.IsImage ? images[(reference.Value, reference.Platform)].EngineName : reference.Value!;
            var isMeant = reference.Kind switch
            {
                ReferenceKind.CacheMount or ReferenceKind.AddUrl or ReferenceKind.AddGit => true,
                ReferenceKind.AddFile => reference.Span is null || !Rewriting.IsPlain(word),
                _ => false,
            };
            if (!isMeant && word != reference.Written)
            {
                yield return new JudgedWord(Rewriting.PlaceOf(reference), word);
            }
        }
    }
}
