using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Configuration;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>
/// One instance of SPEED's runner on the real engine, and whatever a test leaves there: all of it goes.
/// </summary>
internal sealed class DockerWorld : IAsyncDisposable
{
    public static readonly string Endpoint = DockerOptions.Read(
        new ConfigurationBuilder().AddEnvironmentVariables().Build()).Endpoint;

    private readonly DockerConnection _engine;
    private readonly ConcurrentBag<string> _images = [];
    private long _lastId;

    private DockerWorld(DockerOptions options, DataFolder? data, DeploymentLog log, RecordedLog recorded)
    {
        _engine = new DockerConnection(options.Endpoint);
        Instance = Guid.NewGuid().ToString("N")[..12];
        VolumeStore = new MemoryVolumeStore(Instance);
        var store = NamedStore.Create(Instance, VolumeStore.Find);
        Reports = data is null ? null : new ReportFolder(data, store);
        Volumes = new DockerVolumes(options, store);
        Runner = new DockerRunner(
            options, store, new ServiceVolumes(VolumeStore, store, Volumes, TimeProvider.System), Reports);
        (Log, Recorded) = (log, recorded);
    }

    public string Instance { get; }

    public DockerRunner Runner { get; }

    public DockerVolumes Volumes { get; }

    public MemoryVolumeStore VolumeStore { get; }

    /// <summary>Null unless there is a data directory.</summary>
    public ReportFolder? Reports { get; }

    public DeploymentLog Log { get; }

    public RecordedLog Recorded { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string JudgedTag => $"speed-judge:{Instance}";

    public static async Task<DockerWorld> CreateAsync(
        Sandbox sandbox = Sandbox.Standard, string? endpoint = null, DataFolder? data = null,
        Func<DockerOptions, DockerOptions>? change = null)
    {
        var recorded = new RecordedLog();
        var options = new DockerOptions { Endpoint = endpoint ?? Endpoint, Sandbox = sandbox };
        var world = new DockerWorld(
            change?.Invoke(options) ?? options, data,
            await DeploymentLog.OpenAsync(1, recorded, TimeProvider.System, Token), recorded);
        Assert.Null(await world.Runner.FindFaultAsync(Token));
        return world;
    }

    public Task<Engine> DescribeAsync() => _engine.DescribeAsync(Token);

    public Task<T> AskAsync<T>(Func<DockerClient, Task<T>> ask) => _engine.AskAsync(ask);

    public Task AskAsync(Func<DockerClient, Task> ask) => _engine.AskAsync(ask);

    public Deployment NewDeployment(Func<DeploymentOptions, DeploymentOptions>? change = null)
    {
        var deployment = SomeDeployment.Of(Interlocked.Increment(ref _lastId), change);
        VolumeStore.Add(deployment);
        return deployment;
    }

    /// <summary>Runs a shell script in busybox.</summary>
    public Deployment NewScript(string script, Func<DeploymentOptions, DeploymentOptions>? change = null) =>
        NewDeployment(options => (change?.Invoke(options) ?? options) with { Command = ["sh", "-c", script] });

    public async Task<string> BuildAsync(Deployment deployment, ISourceTree tree)
    {
        var plan = await Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, Log, Token);
        var id = await BuildAsync(plan, tree, Log);
        await Log.FlushAsync();
        return id;
    }

    /// <summary>Past SPEED: the text as it was written, by BuildKit, with the context in a tar. Gone with this.</summary>
    public async Task<string> BuildByEngineAsync(MemoryTree tree)
    {
        using var context = new MemoryStream();
        await tree.WriteContextAsync("Dockerfile", (await tree.ReadTextAsync("Dockerfile", Token))!, context, Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/build?version=2&t={JudgedTag}&nocache=1");
        request.Content = new ByteArrayContent(context.ToArray());
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        using var response = await _engine.SendAsync(request, Token);
        var answer = await response.Content.ReadAsStringAsync(Token);
        Assert.False(answer.Contains("errorDetail", StringComparison.Ordinal), answer);
        return (await AskAsync(client => client.Images.InspectImageAsync(JudgedTag, Token))).ID;
    }

    /// <summary>With a log of the caller's.</summary>
    public async Task<string> BuildAsync(BuildPlan plan, ISourceTree tree, DeploymentLog log)
    {
        var id = await Runner.BuildAsync(plan, tree, log, Token);
        _images.Add(id);
        return id;
    }

    public Task<string> BuildAsync(string dockerfile, Func<DeploymentOptions, DeploymentOptions>? change = null) =>
        BuildAsync(NewDeployment(change), new MemoryTree(dockerfile));

    /// <summary>The failure that planning or building ends in.</summary>
    public async Task<DeploymentFailedException> FailToBuildAsync(
        string dockerfile, Func<DeploymentOptions, DeploymentOptions>? change = null)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => BuildAsync(dockerfile, change));
        await Log.FlushAsync();
        return failure;
    }

    public async Task<string> BusyboxAsync() =>
        (await AskAsync(client => client.Images.InspectImageAsync("busybox:latest", Token))).ID;

    public async Task<Run> RunAsync(Deployment deployment, string? imageId = null)
    {
        await using var container = await Runner.CreateAsync(deployment, imageId ?? await BusyboxAsync(), DeploymentSecrets.None, Log, Token);
        var output = new Output();
        await container.AttachAsync(output.TakeAsync, Token);
        await container.StartAsync(Token);
        var exit = await container.WaitAsync(Token);
        await container.RemoveAsync(Token);
        return new Run(exit, output);
    }

    public Task<Run> RunAsync(string script) => RunAsync(NewScript(script));

    public async Task<IReadOnlyList<string>> ListContainersAsync()
    {
        var all = await AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true }, Token));
        return [.. all.SelectMany(one => one.Names).Where(name => name.Contains(Instance, StringComparison.Ordinal))];
    }

    public async Task<IReadOnlyList<string>> ListVolumesAsync()
    {
        var all = await AskAsync(client => client.Volumes.ListAsync(null, default));
        return [.. all.Volumes.Select(one => one.Name).Where(name => name.Contains(Instance, StringComparison.Ordinal))];
    }

    /// <summary>Names of images of this instance with such a piece in them.</summary>
    public async Task<IReadOnlyList<string>> ListTagsAsync(string piece)
    {
        var all = await AskAsync(client => client.Images.ListImagesAsync(new ImagesListParameters(), Token));
        return [.. all.SelectMany(one => one.RepoTags ?? []).Where(tag =>
            tag.Contains(Instance, StringComparison.Ordinal) && tag.Contains(piece, StringComparison.Ordinal))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in await ListContainersAsync())
        {
            await TryAsync(client => client.Containers.RemoveContainerAsync(
                name.TrimStart('/'), new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, default));
        }

        foreach (var volume in await ListVolumesAsync())
        {
            await TryAsync(client => client.Volumes.RemoveAsync(volume, null, default));
        }

        foreach (var image in _images.Append(JudgedTag).Distinct())
        {
            await TryAsync(client => client.Images.DeleteImageAsync(
                image, new ImageDeleteParameters { Force = true }, default));
        }

        await Log.DisposeAsync();
        await Runner.DisposeAsync();
        Volumes.Dispose();
        await TryAsync(client => client.Networks.DeleteNetworkAsync($"speed-{Instance}", default));
        _engine.Dispose();
    }

    // Not there is as good as removed.
    private async Task TryAsync(Func<DockerClient, Task> ask)
    {
        try
        {
            await _engine.AskAsync(ask);
        }
        catch (DockerApiException)
        {
        }
    }
}

/// <summary>How a container's run went.</summary>
internal sealed record Run(ContainerExit Exit, Output Output);

/// <summary>Collects what a container writes.</summary>
internal sealed class Output
{
    private readonly MemoryStream _stdout = new();
    private readonly MemoryStream _stderr = new();

    public string Stdout => Encoding.UTF8.GetString(_stdout.ToArray());

    public string Stderr => Encoding.UTF8.GetString(_stderr.ToArray());

    /// <summary>Completes with the first byte.</summary>
    public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValueTask TakeAsync(LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        (stream == LogStream.Stderr ? _stderr : _stdout).Write(bytes.Span);
        Began.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
