using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: what the steps of a build reach, whatever the Dockerfile says.</summary>
public sealed class BuildFenceTests
{
    [Theory]
    [InlineData(Sandbox.Standard, null, true)]
    [InlineData(Sandbox.Standard, BuildNetwork.Bridge, true)]
    [InlineData(Sandbox.Standard, BuildNetwork.None, false)]
    [InlineData(Sandbox.Strict, null, false)]
    [InlineData(Sandbox.Strict, BuildNetwork.None, false)]
    [InlineData(Sandbox.Strict, BuildNetwork.Bridge, true)]
    [Trait("Engine", "Both")]
    public async Task Steps_have_a_network_where_the_operator_lets_them(Sandbox sandbox, BuildNetwork? network, bool hasOne)
    {
        await using var world = await NewWorldAsync(sandbox, network);

        await world.BuildAsync("FROM busybox\nRUN ls /sys/class/net | tr '\\n' ' ' | sed 's/^/interfaces: /'\n", Anew);

        var interfaces = world.Recorded.Lines.Single(line => line.Contains("interfaces: lo", StringComparison.Ordinal)
            || line.Contains("interfaces: eth0", StringComparison.Ordinal));
        Assert.Equal(hasOne, interfaces.Contains("eth0", StringComparison.Ordinal));
        Assert.Equal(!hasOne, world.Recorded.Lines.Contains("RUN steps have no network."));
    }

    [Theory]
    [InlineData("--network=default")]
    [InlineData("--network=none")]
    [Trait("Engine", "Both")]
    public async Task No_flag_gives_a_step_the_network_that_the_operator_does_not(string flag)
    {
        await using var world = await NewWorldAsync(Sandbox.Standard, BuildNetwork.None);
        var dockerfile = $"FROM busybox\nRUN {flag} ls /sys/class/net | sed 's/^/interface: /'\n";

        if (!(await world.DescribeAsync()).HasHereDocuments)
        {
            // Nor does it give one to whom it does not understand.
            Assert.Contains("the flag `--network`", (await world.FailToBuildAsync(dockerfile)).Message, StringComparison.Ordinal);
            return;
        }

        await world.BuildAsync(dockerfile, Anew);

        Assert.DoesNotContain("interface: eth0", world.Recorded.Text, StringComparison.Ordinal);
        Assert.Contains("interface: lo", world.Recorded.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_fails_without_a_network_is_told_that_it_has_none()
    {
        await using var world = await NewWorldAsync(Sandbox.Strict, null);

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN wget http://192.0.2.1/\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("Speed__Docker__BuildNetwork", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_cache_mount_is_its_repository_s_own_and_no_argument_leads_to_another_s()
    {
        await using var world = await NewWorldAsync(Sandbox.Standard, null);
        var (mine, other) = ($"https://example.org/{Guid.NewGuid():N}", $"https://example.org/{Guid.NewGuid():N}");
        const string Id = "speed-fence-test";

        var before = await ReadAsync(mine, "x");
        await WriteAsync(mine);

        Assert.Equal("nothing", before);
        Assert.Equal("written", await ReadAsync(mine, "x"));
        Assert.Equal("written", await ReadAsync(mine + ".git", "y"));
        Assert.Equal("nothing", await ReadAsync(other, "x"));
        Assert.Equal("nothing", await ReadAsync(other, NamespaceOf(mine)));
        Assert.Equal("nothing", await ReadAsync(other, "", $"{NamespaceOf(mine)}/{Id}"));
        Assert.Equal("nothing", await ReadAsync(other, "..", $"../{NamespaceOf(mine)}/{Id}"));

        string NamespaceOf(string url) => BuildKey.Sha256($"{world.Instance}\n{RepositoryIdentity.Of(url)}");

        Task WriteAsync(string url) => BuildAsync(url, Id, $"echo written > /c/f; : {Guid.NewGuid():N}", []);

        async Task<string> ReadAsync(string url, string argument, string id = Id)
        {
            var mark = $"read {Guid.NewGuid():N}";
            await BuildAsync(
                url, id, $"echo \"{mark}: $(cat /c/f 2>/dev/null || echo nothing)\"",
                new Dictionary<string, string> { ["BUILDKIT_CACHE_MOUNT_NS"] = argument });
            return world.Recorded.Lines.Select(line => line.Split($"{mark}: "))
                .Single(parts => parts is [_, "nothing" or "written"])[1];
        }

        // Not anew: a build without a cache gets no cache mounts either. No two are the same.
        Task BuildAsync(string url, string id, string script, Dictionary<string, string> arguments) => world.BuildAsync(
            $"FROM busybox\nARG BUILDKIT_CACHE_MOUNT_NS=z\nRUN --mount=type=cache,target=/c,id={id} {script}\n",
            options => options with { Url = url, BuildArgs = arguments });
    }

    [Theory]
    [InlineData("RUN --mount=type=cache,id=team,target=/c cat /c/f", false)]
    [InlineData("ARG T=cache\nRUN --mount=type=cache,target=/c true", false)]
    [InlineData("RUN true", true)]
    public async Task What_was_made_with_the_caches_of_one_repository_is_no_image_of_another(string steps, bool isShared)
    {
        await using var world = await NewWorldAsync(Sandbox.Standard, null);
        var keys = new List<string>();
        foreach (var url in new[] { "https://example.org/a", "https://example.org/a.git", "https://example.org/b" })
        {
            await using var plan = await world.Runner.PlanAsync(
                world.NewDeployment(options => options with { Url = url }), new MemoryTree($"FROM busybox\n{steps}\n"),
                DeploymentSecrets.None, world.Log, TestContext.Current.CancellationToken);
            keys.Add(plan.Key);
        }

        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(isShared, keys[0] == keys[2]);
    }

    [Fact]
    public async Task A_namespace_that_was_asked_for_is_left_out_and_the_log_says_so()
    {
        await using var world = await NewWorldAsync(Sandbox.Standard, null);
        var deployment = world.NewDeployment(options => options with
        {
            BuildArgs = new Dictionary<string, string> { ["BUILDKIT_CACHE_MOUNT_NS"] = "x", ["A"] = "b" },
        });

        await using var plan = await world.Runner.PlanAsync(
            deployment, new MemoryTree("FROM busybox"), DeploymentSecrets.None, world.Log, TestContext.Current.CancellationToken);

        await world.Log.FlushAsync();
        Assert.Equal(["A"], plan.BuildArgs.Keys);
        Assert.Contains(world.Recorded.Lines, line =>
            line.StartsWith("The build argument BUILDKIT_CACHE_MOUNT_NS is left out", StringComparison.Ordinal));
    }

    // The engine's cache outlives a test, and a cached step has no output.
    private static DeploymentOptions Anew(DeploymentOptions options) => options with { ClearCache = true };

    private static Task<DockerWorld> NewWorldAsync(Sandbox sandbox, BuildNetwork? network) => DockerWorld.CreateAsync(
        sandbox, change: options => options with { BuildNetwork = network });
}
