using System.Collections.Concurrent;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Runners;
using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>
/// Has each case built twice, by <c>docker build</c> from a folder and by SPEED from a commit of the same files, and
/// compares what came of it.
/// </summary>
internal sealed class Court : IAsyncDisposable
{
    // Each build waits for the engine most of its time.
    private const int AtOnce = 4;

    // The legacy builder looks for a layer that it has just found in its cache, and that another build has taken away
    // meanwhile. Whoever builds again is right.
    private const string Vanished = "unable to find image \"sha256:";
    private const int MostTries = 5;

    private readonly Sandbox _builder;
    private readonly IReadOnlyList<JudgeCase> _cases;
    private readonly bool _filesAlone;
    private readonly SourceWorld _source;
    private readonly PlainDocker _docker = new();
    private readonly ConcurrentQueue<string> _faults = new();

    private Court(Sandbox builder, IEnumerable<JudgeCase> cases, bool filesAlone, SourceWorld source) =>
        (_builder, _cases, _filesAlone, _source) = (builder, [.. cases], filesAlone, source);

    /// <summary>Fails where SPEED and <c>docker build</c> do not agree on the cases of a folder of data.</summary>
    /// <param name="least">So many cases it has, or has lost some.</param>
    /// <param name="count">How many of them are looked at.</param>
    /// <param name="filesAlone">Nothing but the files of the images is compared.</param>
    public static async Task AgreeAsync(Sandbox builder, string folder, int least, int count, bool filesAlone)
    {
        var all = JudgeCase.ReadAll(folder);
        Assert.InRange(all.Count, least, int.MaxValue);
        await using var court = new Court(builder, all, filesAlone, await SourceWorld.StartAsync());

        var faults = await court.JudgeAsync(count, TestContext.Current.CancellationToken);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>What differs, a paragraph for each case in which anything does.</summary>
    /// <param name="count">How many of the cases are looked at, evenly taken from all of them.</param>
    private async Task<IReadOnlyCollection<string>> JudgeAsync(int count, CancellationToken token)
    {
        var stride = Math.Max(1, _cases.Count / Math.Max(1, count));
        var chosen = _cases.Where((_, i) => (i + Scale.Seed) % stride == 0).ToArray();
        await using var speed = await DockerWorld.CreateAsync(_builder);
        var named = new List<(JudgeCase Case, IReadOnlyList<JudgeFile> Files)>();
        foreach (var one in chosen)
        {
            var images = new Dictionary<string, string>();
            foreach (var (name, dockerfile) in one.Bases)
            {
                images[name] = await _docker.MakeBaseAsync(name, dockerfile, token);
            }

            named.Add((one, JudgeContext.Name(one.Files, images)));
        }

        var repository = await _source.Server.CreateAsync("cases", changes =>
        {
            foreach (var (i, one) in named.Index())
            {
                JudgeContext.AddTo(changes, $"case-{i}", one.Files);
            }
        });
        await Parallel.ForEachAsync(
            named.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = token },
            async (one, cancel) =>
                await JudgeAsync(speed, one.Item.Case, one.Item.Files, repository.Url, one.Index, cancel));
        Scale.Say($"{chosen.Length} of {_cases.Count} cases were judged ({_builder}; SPEED_CHAOS_SEED={Scale.Seed}).");
        return _faults;
    }

    public async ValueTask DisposeAsync()
    {
        await _docker.DisposeAsync();
        await _source.DisposeAsync();
    }

    private async Task JudgeAsync(
        DockerWorld speed, JudgeCase one, IReadOnlyList<JudgeFile> files, string url, int number, CancellationToken token)
    {
        var isNew = await IsNewAsync(speed, token);
        var (byDocker, said) = await AgainAsync(() => ByDockerAsync(speed, one, files, token));
        var (bySpeed, failure) = await BySpeedAsync(speed, one, url, number, token);
        if (one.Refused.Any(where => where.Holds(_builder, isNew)) != byDocker is null)
        {
            _faults.Enqueue($"{one} ({_builder}): what is said of whether docker build refuses it is not so: {said}");
        }

        string[] differences = (byDocker, bySpeed) switch
        {
            (null, null) => [],
            (null, _) => [$"docker build refuses it, and SPEED does not: {said}"],
            (_, null) => [$"SPEED refuses it, and docker build does not: {failure}"],
            var (docker, ours) => [.. ImageFacts.Compare(docker, ours, _filesAlone)],
        };
        var isKept = one.Differences.Any(kept => kept.Where.Holds(_builder, isNew));
        if (differences.Length > 0 && !isKept)
        {
            _faults.Enqueue($"{one} ({_builder}):\n  {string.Join("\n  ", differences)}");
        }
        else if (differences.Length == 0 && isKept)
        {
            _faults.Enqueue($"{one} ({_builder}): there is no difference, and one is said to be kept.");
        }
    }

    // The first engine whose frontend knows here-documents is Docker 23.
    private static async Task<bool> IsNewAsync(DockerWorld engine, CancellationToken token) =>
        Version.Parse((await engine.AskAsync(client => client.System.GetVersionAsync(token))).APIVersion) >= new Version(1, 42);

    private static async Task<(ImageFacts? Image, string Failure)> AgainAsync(
        Func<Task<(ImageFacts? Image, string Failure)>> build)
    {
        var built = await build();
        for (var tries = 1; built.Failure.Contains(Vanished, StringComparison.Ordinal) && tries < MostTries; tries++)
        {
            built = await build();
        }

        return built;
    }

    private async Task<(ImageFacts? Image, string Failure)> ByDockerAsync(
        DockerWorld engine, JudgeCase one, IReadOnlyList<JudgeFile> files, CancellationToken token)
    {
        var (image, said) = await _docker.BuildAsync(one, files, _builder, token);
        return (image is null ? null : await ImageFacts.ReadAsync(engine, image, token), said);
    }

    private async Task<(ImageFacts? Image, string Failure)> BySpeedAsync(
        DockerWorld speed, JudgeCase one, string url, int number, CancellationToken token)
    {
        try
        {
            await using var tree = await _source.FetchAsync(url, folder: $"case-{number}");
            var image = await speed.BuildAsync(
                speed.NewDeployment(options => options with
                {
                    Dockerfile = one.Dockerfile,
                    Target = one.Target,
                    BuildArgs = one.BuildArgs,
                }),
                tree);
            return (await ImageFacts.ReadAsync(speed, image, token), "");
        }
        catch (DeploymentFailedException failure)
        {
            Assert.True(
                failure.Code is FailureCode.BuildFailed or FailureCode.DockerfileRefused or FailureCode.BaseImageUnavailable
                    or FailureCode.DockerfileNotFound,
                $"{one}: {failure.Code}: {failure.Message}");
            return (null, $"{failure.Code}: {failure.Message}");
        }
    }
}
