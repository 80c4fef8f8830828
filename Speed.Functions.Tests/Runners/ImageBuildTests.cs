using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>What both builders do.</summary>
public abstract class ImageBuildTests(Sandbox sandbox)
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    // The engine's cache outlives a test, and a cached step has no output.
    private protected static DeploymentOptions Anew(DeploymentOptions options) => options with { ClearCache = true };

    private protected Task<DockerWorld> NewWorldAsync() => DockerWorld.CreateAsync(sandbox);

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
    public async Task A_request_for_a_frontend_is_dropped_and_said()
    {
        await using var world = await NewWorldAsync();

        await world.BuildAsync("# syntax=docker/dockerfile:1\n# escape=`\nFROM busybox\nRUN echo a `\n  b\n", Anew);

        Assert.Contains("docker/dockerfile:1", world.Recorded.Text, StringComparison.Ordinal);
        Assert.Contains(world.Recorded.Lines, line => line.EndsWith("a b", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failing_step_is_named_with_its_exit_code_and_its_output_is_in_the_log()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN echo why >&2; exit 3\n");

        Assert.Equal((FailureCode.BuildFailed, 3), (failure.Code, failure.ExitCode));
        Assert.Contains("RUN echo why", failure.Message, StringComparison.Ordinal);
        Assert.Contains("exit code 3", failure.Message, StringComparison.Ordinal);
        Assert.Contains(world.Recorded.Entries.OfType<LogLine>(), line =>
            line.Stream == LogStream.Stderr && line.Text.EndsWith("why", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_step_that_is_killed_ran_out_of_memory()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN exit 137\n");

        Assert.Equal((FailureCode.OutOfMemory, 137), (failure.Code, failure.ExitCode));
    }

    [Fact]
    public async Task A_full_disk_is_the_platform_s_fault()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nCOPY no-such-file /no space left on device/\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Equal(FailureCode.DiskFull, BuildFailure.From(
            "write /x: no space left on device", null, null, new Engine("1", new System.Version(1, 41), "linux", "amd64"),
            Builder.BuildKit, Dockerfile.Parse("")).Code);
    }

    [Theory]
    [InlineData("FROM no-such-image-of-speed:1\n", 1)]
    [InlineData("FROM busybox\n\nCOPY --from=no-such-image-of-speed:1 / /x\n", 3)]
    public async Task A_missing_base_is_named_with_its_line(string dockerfile, int line)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(dockerfile);

        Assert.Equal(FailureCode.BaseImageUnavailable, failure.Code);
        Assert.Contains($"`no-such-image-of-speed:1` on line {line}", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
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
    public async Task A_missing_Dockerfile_names_those_that_there_are()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree().Add("app/Dockerfile", "FROM a").Add("Dockerfile.prod", "FROM a").Add("readme", "");

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => world.BuildAsync(world.NewDeployment(), tree));

        Assert.Equal(FailureCode.DockerfileNotFound, failure.Code);
        Assert.Contains("`Dockerfile.prod`, `app/Dockerfile`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Dockerfile_that_is_a_link_is_none()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree("FROM busybox");
        tree.Links.Add("Dockerfile");

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => world.BuildAsync(world.NewDeployment(), tree));

        Assert.Equal(FailureCode.DockerfileNotFound, failure.Code);
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
    public async Task A_target_that_does_not_exist_is_told_with_those_that_do()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(
            "FROM busybox AS one\nFROM busybox AS two\n", options => options with { Target = "three" });

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("`one`, `two`", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ADD http://127.0.0.1:1/x /x")]
    [InlineData("ADD [\"http://169.254.169.254/latest\", \"/x\"]")]
    [InlineData("ADD --chown=1 https://[::1]/x /x")]
    [InlineData("ARG HOST=10.0.0.1\nADD http://$HOST/x /x")]
    [InlineData("ENV SOURCE http://localhost/x\nADD ${SOURCE} /x")]
    [InlineData("ADD $UNKNOWN /x")]
    [InlineData("ADD git@127.0.0.1:r.git /x")]
    public async Task Nothing_is_fetched_from_a_private_address(string instruction)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync($"FROM busybox\n{instruction}\n");

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
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
    public async Task A_base_may_not_bring_steps_that_are_not_allowed()
    {
        await using var world = await NewWorldAsync();
        var name = $"speed-test-{world.Instance}";
        await using var container = await world.Runner.CreateAsync(
            world.NewScript("true"), await world.BusyboxAsync(), world.Log, Token);
        var names = await world.ListContainersAsync();
        var parent = await world.AskAsync(client => client.Images.CommitContainerChangesAsync(
            new CommitContainerChangesParameters
            {
                ContainerID = names[0].TrimStart('/'),
                RepositoryName = name,
                Tag = "1",
                Changes = ["ONBUILD ADD http://example.org/x /x"],
            },
            Token));

        var failure = await world.FailToBuildAsync($"FROM {name}:1\n");
        await world.AskAsync(client => client.Images.DeleteImageAsync(parent.ID, new ImageDeleteParameters(), Token));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
    }

    [Fact]
    public async Task A_misspelt_instruction_fails_the_build()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUNN true\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("RUNN", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_engine_is_too_old_for_is_said_with_its_version()
    {
        await using var world = await NewWorldAsync();
        var version = await world.AskAsync(client => client.System.GetVersionAsync(Token));
        Assert.SkipUnless(System.Version.Parse(version.APIVersion) < new System.Version(1, 42), "This engine knows here-documents.");

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN <<EOF\necho hello\nEOF\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains(version.Version, failure.Message, StringComparison.Ordinal);
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
        var plan = await world.Runner.PlanAsync(deployment, tree, world.Log, Token);
        var later = new MemoryTree(Dockerfile) { Commit = new string('d', 40) };

        Assert.Contains(world.Recorded.Lines, line => line.EndsWith($"a b at {tree.Commit}", StringComparison.Ordinal));
        Assert.NotEqual(plan.Key, (await world.Runner.PlanAsync(deployment, later, world.Log, Token)).Key);
    }

    [Fact]
    public async Task The_image_bears_our_tag_and_none_of_a_container_s_labels()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree("FROM busybox\nRUN echo tagged\n");
        var deployment = world.NewDeployment();

        var id = await world.BuildAsync(deployment, tree);
        var plan = await world.Runner.PlanAsync(deployment, tree, world.Log, Token);
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
    public async Task A_canceled_build_leaves_nothing_on_the_engine()
    {
        await using var world = await NewWorldAsync();
        var mark = $"1{Random.Shared.Next(100_000, 999_999)}";
        var before = await ListAllAsync(world);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var tree = new MemoryTree($"FROM busybox\nRUN echo begun {mark}\nRUN echo up; sleep {mark}\n");
        var plan = await world.Runner.PlanAsync(world.NewDeployment(), tree, world.Log, Token);

        var building = world.Runner.BuildAsync(plan, tree, world.Log, cancel.Token);
        await WaitForAsync(() => IsRunning($"sleep\0{mark}"));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => building.WaitAsync(TimeSpan.FromSeconds(10), Token));

        Assert.False(IsRunning($"sleep\0{mark}"));
        Assert.Empty((await ListAllAsync(world)).Except(before));
    }

    // Others use the engine too: only what bears the mark of a build that nobody tagged is looked at.
    private static async Task<IEnumerable<string>> ListAllAsync(DockerWorld world)
    {
        var containers = await world.AskAsync(client => client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true }, Token));
        return containers.Where(one => one.Command.Contains("echo up; sleep 1", StringComparison.Ordinal)).Select(one => one.ID);
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
