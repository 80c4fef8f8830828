using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

/// <summary>What a deployment is built from: every word that takes something in is judged, and stands by its full name.</summary>
public sealed partial class DockerRunner
{
    private const string FrontendArgument = "BUILDKIT_SYNTAX";

    // Counted up when the same text may come to another image: what was built before counts no more then.
    private const int RulesVersion = 1;

    public async Task<BuildPlan> PlanAsync(
        Deployment deployment, ISourceTree source, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var options = deployment.Options;
        var engine = await _docker.DescribeAsync(cancellationToken);
        var builder = BuilderOf(engine);
        var path = DockerfilePath.Normalize(options.Dockerfile);

        var text = options.DockerfileText ?? await DockerfilePath.ReadAsync(source, path, cancellationToken);
        var readings = Read(text, engine, builder);
        CheckTarget(readings.Likeliest, options.Target);
        var (plain, frontend) = Frontend.Drop(text);
        var buildArgs = BuildArgsFor(options, source, plain);
        await SayWhatIsLeftOutAsync(frontend, options, log, cancellationToken);

        var images = new List<(Reference Reference, ImageInspectResponse Image)>();
        var references = await readings.WalkAsync(
            new BuildInputs(buildArgs, engine.Platform, builder, options.Target), ResolveAsync, cancellationToken);
        await RemoteSources.CheckAsync(references.Where(IsRemote), _options.Sandbox, cancellationToken);
        var judged = Rewriting.Apply(text, references.Select(ReplacementOf).OfType<JudgedWord>(), engine.HasHereDocuments);

        var former = new BuildKey(
            source.TreeId, path, BuildKey.Sha256(plain.TrimStart('\uFEFF')), options.Target, buildArgs,
            [.. images.OrderBy(one => one.Reference.Line).Select(one => one.Image.ID)],
            engine.Platform, builder.ToString());
        var key = former with
        {
            DockerfileSha256 = BuildKey.Sha256(text),
            Judged = [.. references.Select(reference => $"{reference.Line} {reference.Kind} {reference.Value}")],
            Rules = RulesVersion,
        };
        return new BuildPlan(deployment, key.Hash(), path, judged, buildArgs) { FormerKey = former.Hash() };

        async Task<BaseImage> ResolveAsync(Reference reference, CancellationToken token)
        {
            var name = new ImageName(reference.Value!, reference.Line, reference.Platform)
            {
                Written = reference.Written,
                Unset = reference.Unset,
            };
            var image = await _bases.ResolveAsync(name, options.ClearCache, secrets.Registries, log, token);
            images.Add((reference, image));
            return new BaseImage(EnvironmentOf(image), [.. image.Config?.OnBuild ?? []]);
        }
    }

    private static Readings Read(string text, Engine engine, Builder builder)
    {
        var readings = Readings.Of(text, engine.HasHereDocuments);
        if (readings.Fault is { } fault)
        {
            throw BuildFailure.From(
                $"dockerfile parse error on line {fault.Line}: {fault.Reason}", step: null, exitCode: null, engine, builder,
                Dockerfile.Parse(text));
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

        var names = dockerfile.Stages.Where(stage => stage.Name is not null).Select(stage => $"`{stage.Name}`").ToArray();
        var there = names.Length > 0 ? $"it has {string.Join(", ", names)}" : "none of its stages has a name";
        throw new DeploymentFailedException(
            FailureCode.BuildFailed,
            $"Stage `{target}` does not exist in the Dockerfile; {there}.",
            "Name one of its stages as the target, or none for the last.");
    }

    private static async Task SayWhatIsLeftOutAsync(
        string? frontend, DeploymentOptions options, DeploymentLog log, CancellationToken cancellationToken)
    {
        if (frontend is not null)
        {
            await log.SayAsync(
                $"The Dockerfile asks for the frontend {frontend}; the engine's own is used instead.", cancellationToken);
        }

        if (options.BuildArgs.ContainsKey(FrontendArgument))
        {
            await log.SayAsync(
                $"The build argument {FrontendArgument} is left out: it would have the engine run a frontend that SPEED "
                + "never saw.",
                cancellationToken);
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

        foreach (var (name, value) in options.BuildArgs.Where(arg => arg.Key != FrontendArgument))
        {
            args[name] = value;
        }

        return args;
    }

    private static bool IsRemote(Reference reference) => reference.Kind is ReferenceKind.AddUrl or ReferenceKind.AddGit;

    // Null for what stands there as it is meant.
    private static JudgedWord? ReplacementOf(Reference reference) => reference.Written == reference.Value
        ? null
        : reference.Kind switch
        {
            ReferenceKind.CacheMount or ReferenceKind.AddUrl => null,
            ReferenceKind.AddFile => Rewriting.IsPlain(reference.Value!) && reference.Span is { } place
                ? new JudgedWord(place, reference.Value!)
                : null,
            _ => new JudgedWord(Rewriting.PlaceOf(reference), reference.Value!),
        };

    // Of two of one name the last one counts.
    private static Dictionary<string, string> EnvironmentOf(ImageInspectResponse image)
    {
        var values = new Dictionary<string, string>();
        foreach (var pair in (image.Config?.Env ?? []).Select(variable => variable.Split('=', 2)))
        {
            values[pair[0]] = pair.ElementAtOrDefault(1) ?? "";
        }

        return values;
    }
}
