using Speed.Deployments;

namespace Speed.Runners;

public sealed partial class DockerRunner
{
    private const string Frontend = "BUILDKIT_SYNTAX";

    public async Task<BuildPlan> PlanAsync(
        Deployment deployment, ISourceTree source, DeploymentSecrets secrets, DeploymentLog log,
        CancellationToken cancellationToken)
    {
        var options = deployment.Options;
        var engine = await _docker.DescribeAsync(cancellationToken);
        var builder = BuilderOf(engine);
        var path = DockerfilePath.Normalize(options.Dockerfile);

        var text = options.DockerfileText ?? await DockerfilePath.ReadAsync(source, path, cancellationToken);
        var dockerfile = Dockerfile.Parse(text, builder == Builder.BuildKit && engine.HasHereDocuments);
        if (dockerfile.Syntax is { } syntax)
        {
            await log.SayAsync(
                $"The Dockerfile asks for the frontend {syntax}; the engine's own is used instead.", cancellationToken);
        }

        DockerfileRules.Check(dockerfile.Instructions, "the Dockerfile");
        var target = FindTarget(dockerfile, options.Target);
        var buildArgs = BuildArgsFor(options, source, dockerfile.Text);
        if (options.BuildArgs.ContainsKey(Frontend))
        {
            await log.SayAsync(
                $"The build argument {Frontend} is left out: it would have the engine run a frontend that SPEED never saw.",
                cancellationToken);
        }

        var graph = new BuildGraph(dockerfile, buildArgs, engine.Platform, builder == Builder.BuildKit);
        var images = graph.ImagesFor(target);
        await RemoteSources.CheckAsync(graph.Remotes, _options.Sandbox, cancellationToken);
        var bases = await _bases.EnsureAsync(images, options.ClearCache, secrets.Registries, log, cancellationToken);

        var key = new BuildKey(
            source.TreeId, path, BuildKey.Sha256(dockerfile.Text), options.Target, buildArgs, bases,
            engine.Platform, builder.ToString());
        return new BuildPlan(deployment, key.Hash(), path, dockerfile.Text, buildArgs);
    }

    private Builder BuilderOf(Engine engine) =>
        _options.Sandbox == Sandbox.Standard && engine.HasBuildKit ? Builder.BuildKit : Builder.Legacy;

    private static Stage FindTarget(Dockerfile dockerfile, string? target)
    {
        if (dockerfile.FindTarget(target) is { } stage)
        {
            return stage;
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

        foreach (var (name, value) in options.BuildArgs.Where(arg => arg.Key != Frontend))
        {
            args[name] = value;
        }

        return args;
    }
}

/// <summary>What makes the image.</summary>
internal enum Builder
{
    BuildKit,
    Legacy,
}
