using Docker.DotNet;
using Speed.Deployments;
using Speed.Dockerfiles;

namespace Speed.Runners;

public sealed partial class DockerRunner
{
    // The legacy builder does not hold the layers that it found in its cache: one goes with the image that it was made for,
    // and the build that was about to go on from it fails. Nothing is wrong with that build.
    private const string LayerVanished = "unable to find image \"sha256:";
    private const int MostBuilds = 4;

    public async Task<string> BuildAsync(
        BuildPlan plan, ISourceTree source, DeploymentLog log, CancellationToken cancellationToken)
    {
        var engine = await _docker.DescribeAsync(cancellationToken);
        var builder = BuilderOf(engine);
        var tag = Own.ImageTag(plan.Key);
        await log.SayAsync(
            builder == Builder.BuildKit
                ? $"Building with BuildKit of Docker {engine.Version}, which does not limit a build's memory and processors"
                : $"Building with the legacy builder of Docker {engine.Version}",
            cancellationToken);

        if (!_options.BuildsHaveNetwork)
        {
            await log.SayAsync("RUN steps have no network.", cancellationToken);
        }

        for (var build = 1; ; build++)
        {
            BuildProgress progress = builder == Builder.BuildKit ? new BuildKitProgress(log) : new LegacyProgress(log);
            var refusal = await RunBuildAsync(plan, source, builder, tag, progress, cancellationToken);
            if ((refusal ?? progress.Error) is not { } reason)
            {
                var id = await FindImageIdAsync(progress.ImageId ?? tag, cancellationToken);
                await log.SayAsync($"Built image {id}", cancellationToken);
                return id;
            }

            if (build < MostBuilds && reason.Contains(LayerVanished, StringComparison.Ordinal))
            {
                await log.SayAsync(
                    "A layer of the builder's cache was removed while this build went on from it; it is built again.",
                    cancellationToken);
                continue;
            }

            var step = refusal is null ? progress.FailedStep : null;
            var failure = BuildFailure.From(
                new FailedBuild(reason, step, engine, builder, Dockerfile.Parse(plan.DockerfileText))
                {
                    ExitCode = progress.ErrorCode,
                    HasNetwork = _options.BuildsHaveNetwork,
                    Signs = progress.Signs,
                });

            // An engine on its way down fails the steps of its builds with any words and any exit code.
            throw await _docker.TakesConnectionsAsync(cancellationToken) ? failure : _docker.Unavailable(failure);
        }
    }

    private async Task<string?> RunBuildAsync(
        BuildPlan plan, ISourceTree source, Builder builder, string tag, BuildProgress progress,
        CancellationToken cancellationToken)
    {
        var added = AddedImages.NameOf(Own, plan.Fetched);
        if (plan.Fetched.Count > 0)
        {
            await _added.HoldAsync(Own, added, plan.Fetched, cancellationToken);
        }

        try
        {
            await using var _ = progress;
            var build = new ImageBuild(_docker, NewRequest(plan, tag), progress);
            return builder == Builder.BuildKit
                ? await build.RunInSessionAsync(plan, source, cancellationToken)
                : await build.RunAsync(plan, source, builder, cancellationToken);
        }
        finally
        {
            if (progress is LegacyProgress legacy)
            {
                await Leftovers.SweepAsync(_docker, legacy);
            }

            if (plan.Fetched.Count > 0)
            {
                await _added.ReleaseAsync(added);
            }
        }
    }

    private BuildRequest NewRequest(BuildPlan plan, string tag) =>
        new(plan, tag, NamespaceOf(plan.Deployment.Identity), _options.BuildsHaveNetwork);

    // By the identity: two spellings of one repository share their caches, two repositories never do.
    private string NamespaceOf(RepositoryIdentity repository) => BuildKey.Sha256($"{Own.Instance}\n{repository}");

    private async Task<string> FindImageIdAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await _docker.AskAsync(client => client.Images.InspectImageAsync(name, cancellationToken))).ID;
        }
        catch (DockerApiException exception)
        {
            throw new DeploymentFailedException(
                FailureCode.BuildFailed, $"The build ended without an image: {exception.Reason}.",
                "Deploy again; if it stays so, look at the engine's own log.", inner: exception);
        }
    }
}
