using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>What both builders do.</summary>
public abstract partial class ImageBuildTests(Sandbox sandbox)
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    // The engine's cache outlives a test, and a cached step has no output.
    private protected static DeploymentOptions Anew(DeploymentOptions options) => options with { ClearCache = true };

    private protected Task<DockerWorld> NewWorldAsync(Func<DockerOptions, DockerOptions>? change = null) =>
        DockerWorld.CreateAsync(sandbox, change: change);

    [Fact]
    public async Task A_target_is_built_and_what_follows_it_is_not()
    {
        await using var world = await NewWorldAsync();
        const string Dockerfile = """
            FROM busybox AS first
            RUN echo built > /first
            FROM busybox AS second
            COPY --from=first /first /second
            CMD ["cat", "/second"]
            FROM busybox
            RUN exit 1
            """;

        var id = await world.BuildAsync(Dockerfile, options => options with { Target = "second" });
        var run = await world.RunAsync(world.NewDeployment(), id);

        Assert.Equal("built\n", run.Output.Stdout);
    }

    [Fact]
    public async Task A_static_program_runs_from_scratch()
    {
        await using var world = await NewWorldAsync();
        const string Dockerfile = """
            FROM busybox AS tools
            FROM scratch
            COPY --from=tools /bin/busybox /busybox
            ENTRYPOINT ["/busybox", "echo"]
            CMD ["from scratch"]
            """;

        var run = await world.RunAsync(world.NewDeployment(), await world.BuildAsync(Dockerfile));

        Assert.Equal("from scratch\n", run.Output.Stdout);
    }

    [Fact]
    public async Task Files_of_the_context_are_there_and_bear_every_byte()
    {
        await using var world = await NewWorldAsync();
        var big = new byte[30_000_000];
        new Random(1).NextBytes(big);
        var tree = new MemoryTree("FROM busybox\nCOPY . /src\nRUN find /src -type f | sort && sha256sum < /src/big\n")
            .Add("big", big)
            .Add("a/b c", "text")
            .Add("ünï", "text");

        await world.BuildAsync(world.NewDeployment(Anew), tree);

        var sum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(big));
        Assert.Contains(sum, world.Recorded.Text, StringComparison.Ordinal);
        Assert.Contains("/src/a/b c", world.Recorded.Text, StringComparison.Ordinal);
        Assert.Contains("/src/ünï", world.Recorded.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_request_for_a_frontend_is_dropped_and_said()
    {
        await using var world = await NewWorldAsync();

        await world.BuildAsync("# syntax=docker/dockerfile:1\n# escape=`\nFROM busybox\nRUN echo a `\n  b\n", Anew);

        Assert.Contains("docker/dockerfile:1", world.Recorded.Text, StringComparison.Ordinal);
        Assert.Contains(world.Recorded.Lines, line => line.EndsWith("a b", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_base_that_no_registry_gives_is_kept_when_the_cache_is_cleared()
    {
        await using var world = await NewWorldAsync();

        await world.BuildAsync("FROM busybox\nRUN echo fresh\n", options => options with { ClearCache = true });

        Assert.Contains(world.Recorded.Lines, line => line.StartsWith("busybox could not be pulled", StringComparison.Ordinal));
        Assert.Contains(world.Recorded.Lines, line => line.EndsWith("fresh", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Dockerfile_that_was_sent_along_builds_a_repository_without_one()
    {
        await using var world = await NewWorldAsync();
        var deployment = world.NewDeployment(options => options with
        {
            DockerfileText = "FROM busybox\nCOPY greeting /\nCMD cat /greeting\n",
        });

        var id = await world.BuildAsync(deployment, new MemoryTree().Add("greeting", "hello"));

        Assert.Equal("hello", (await world.RunAsync(world.NewDeployment(), id)).Output.Stdout);
    }

    [Fact]
    public async Task Files_of_the_context_may_be_added_by_a_variable()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree("FROM busybox\nARG NAME=greeting\nADD $NAME /x\nCMD cat /x\n").Add("greeting", "hello");

        var id = await world.BuildAsync(world.NewDeployment(), tree);

        Assert.Equal("hello", (await world.RunAsync(world.NewDeployment(), id)).Output.Stdout);
    }

    [Fact]
    public async Task Build_arguments_are_given_and_the_commit_where_it_is_asked_for()
    {
        await using var world = await NewWorldAsync();
        const string Dockerfile = "FROM busybox\nARG SOURCE_COMMIT\nARG NAME=none\nRUN echo $NAME at $SOURCE_COMMIT\n";
        var deployment = world.NewDeployment(options => Anew(options) with
        {
            BuildArgs = new Dictionary<string, string> { ["NAME"] = "a b" },
        });
        var tree = new MemoryTree(Dockerfile);

        await world.BuildAsync(deployment, tree);
        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);
        var later = new MemoryTree(Dockerfile) { Commit = new string('d', 40) };

        Assert.Contains(world.Recorded.Lines, line => line.EndsWith($"a b at {tree.Commit}", StringComparison.Ordinal));
        Assert.NotEqual(plan.Key, (await world.Runner.PlanAsync(deployment, later, DeploymentSecrets.None, world.Log, Token)).Key);
    }

    [Fact]
    public async Task The_image_bears_our_tag_and_none_of_a_container_s_labels()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree("FROM busybox\nRUN echo tagged\n");
        var deployment = world.NewDeployment();

        var id = await world.BuildAsync(deployment, tree);
        var plan = await world.Runner.PlanAsync(deployment, tree, DeploymentSecrets.None, world.Log, Token);
        var image = await world.AskAsync(client => client.Images.InspectImageAsync(id, Token));

        Assert.Equal([$"speed-{world.Instance}:{plan.Key}"], image.RepoTags);
        Assert.Equal(["speed.image.key"], image.Config!.Labels!.Keys);
    }

    [Fact]
    public async Task A_context_that_cannot_be_written_is_the_fault_that_is_told()
    {
        await using var world = await NewWorldAsync();
        var fault = new InvalidDataException("the tree is broken");
        var tree = new MemoryTree("FROM busybox\nCOPY . /\n") { Fault = fault };

        var told = await Assert.ThrowsAsync<InvalidDataException>(() => world.BuildAsync(world.NewDeployment(), tree));

        Assert.Same(fault, told);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_canceled_build_leaves_nothing_on_the_engine()
    {
        await using var world = await NewWorldAsync();
        var mark = $"1{Random.Shared.Next(100_000, 999_999)}";
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var tree = new MemoryTree($"FROM busybox\nRUN echo begun {mark}\nRUN echo up; sleep {mark}\n");
        var plan = await world.Runner.PlanAsync(world.NewDeployment(), tree, DeploymentSecrets.None, world.Log, Token);

        var building = world.Runner.BuildAsync(plan, tree, world.Log, cancel.Token);
        await WaitForAsync(() => IsRunning($"sleep\0{mark}"));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => building.WaitAsync(TimeSpan.FromSeconds(10), Token));

        Assert.False(IsRunning($"sleep\0{mark}"));
        Assert.Empty(await ListAllAsync(world, mark));
    }

    // Others use the engine too, the same test with the other builder among them: only what bears this one's mark is looked at.
    private static async Task<IEnumerable<string>> ListAllAsync(DockerWorld world, string mark)
    {
        var containers = await world.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true }, Token));
        return containers.Where(one => one.Command.Contains($"echo up; sleep {mark}", StringComparison.Ordinal)).Select(one => one.ID);
    }

    private static bool IsRunning(string commandLine) => Directory.EnumerateDirectories("/proc")
        .Where(directory => int.TryParse(Path.GetFileName(directory), out _))
        .Any(directory => ReadCommandLine(directory).Contains(commandLine, StringComparison.Ordinal));

    private static string ReadCommandLine(string directory)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(50, Token);
        }
    }
}
