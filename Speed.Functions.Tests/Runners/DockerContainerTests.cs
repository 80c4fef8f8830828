using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: what Docker in particular must hold to.</summary>
public sealed class DockerContainerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_foreign_container_of_our_name_is_never_touched(bool withOurLabels)
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewScript("true");
        var own = new Ownership(world.Instance);
        var name = own.ContainerName(deployment.Id, deployment.Attempt);
        var labels = withOurLabels ? own.ContainerLabels(deployment with { Attempt = 7 }) : [];
        await CreateForeignAsync(world, name, labels);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => world.RunAsync(deployment));
        await world.Runner.RemoveAllAsync(deployment.Id, Token);

        Assert.Equal(FailureCode.ContainerStartFailed, failure.Code);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Null(await world.Runner.FindAsync(deployment, world.Log, Token));
        Assert.Equal([$"/{name}"], await world.ListContainersAsync());
    }

    [Fact]
    public async Task A_foreign_container_with_our_labels_is_never_touched()
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewScript("true");
        await CreateForeignAsync(
            world, $"other-{world.Instance}", new Ownership(world.Instance).ContainerLabels(deployment));

        await world.Runner.RemoveAllAsync(deployment.Id, Token);

        Assert.Single(await world.ListContainersAsync());
    }

    [Fact]
    public async Task The_standard_sandbox_takes_what_the_table_says()
    {
        await using var world = await DockerWorld.CreateAsync();
        var made = await CreateAndInspectAsync(world, "FROM busybox\nVOLUME /data\nUSER 1000\n");
        var host = made.HostConfig!;

        Assert.Equal(["ALL"], host.CapDrop);
        Assert.Equal(7, host.CapAdd.Count);
        Assert.Equal(["no-new-privileges"], host.SecurityOpt);
        Assert.Equal("private", host.IpcMode);
        Assert.True(host.Init);
        Assert.Equal((64L << 20, 64L << 20), (host.Memory, host.MemorySwap));
        Assert.Equal(64, host.PidsLimit);
        Assert.Equal("1000", made.Config!.User);
        Assert.Equal(("1", $"{8L * 64 << 20}"), (host.LogConfig.Config["max-file"], host.LogConfig.Config["max-size"]));
        var network = await world.AskAsync(client => client.Networks.InspectNetworkAsync(host.NetworkMode, Token));
        Assert.Equal($"speed-{world.Instance}", network.Name);
        Assert.Equal("false", network.Options["com.docker.network.bridge.enable_icc"]);
    }

    [Fact]
    public async Task The_strict_sandbox_takes_what_the_table_says()
    {
        await using var world = await DockerWorld.CreateAsync(Sandbox.Strict);
        var made = await CreateAndInspectAsync(world, "FROM busybox\nVOLUME /data\nUSER 0\n");
        var host = made.HostConfig!;

        Assert.True(host.CapAdd is null or []);
        Assert.Equal("65534:65534", made.Config!.User);
        Assert.True(host.ReadonlyRootfs);
        Assert.Equal(["/data", "/tmp"], host.Tmpfs!.Keys.Order());
        Assert.Contains("noexec", host.Tmpfs["/tmp"], StringComparison.Ordinal);
        Assert.Equal("none", host.NetworkMode);
        Assert.DoesNotContain(made.Mounts, mount => mount.Type == "volume");
    }

    [Fact]
    public async Task The_strict_sandbox_s_limits_are_in_force()
    {
        await using var world = await DockerWorld.CreateAsync(Sandbox.Strict);

        var run = await world.RunAsync(
            "id -u; touch /x; echo ok > /tmp/x && cat /tmp/x; ip -o link | wc -l; grep CapEff /proc/self/status; "
            + "df -m /tmp | tail -1");

        Assert.StartsWith("65534\nok\n1\nCapEff:\t0000000000000000\n", run.Output.Stdout, StringComparison.Ordinal);
        Assert.Contains(" 64 ", run.Output.Stdout, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", run.Output.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Sandbox.Standard, "SYS_CHROOT", "")]
    [InlineData(Sandbox.Standard, "", "Without SYS_CHROOT of `cap_add`: the operator does not allow that any more (Speed__Docker__AllowedCapabilities).")]
    [InlineData(Sandbox.Strict, "SYS_CHROOT", "")]
    public async Task A_capability_that_is_no_longer_allowed_is_not_given_and_the_log_says_so(
        Sandbox sandbox, string allowed, string told)
    {
        await using var world = await DockerWorld.CreateAsync(
            sandbox,
            change: options => options with { AllowedCapabilities = allowed.Split(',', StringSplitOptions.RemoveEmptyEntries) });

        var deployment = world.NewScript("grep CapBnd /proc/self/status", options => options with { CapAdd = ["SYS_CHROOT"] });
        var run = await world.RunAsync(deployment);
        await world.Log.FlushAsync();

        var bounds = Convert.ToInt64(run.Output.Stdout.Split('\t')[1].Trim(), 16);
        Assert.Equal(told.Length == 0, (bounds & (1L << 18)) != 0);
        Assert.Equal(told.Length == 0 ? [] : [told], world.Recorded.Lines.Where(line => line.Contains("cap_add")));
    }

    [Fact]
    public async Task A_program_gets_no_more_processes_than_it_may_have()
    {
        await using var world = await DockerWorld.CreateAsync();

        var run = await world.RunAsync(world.NewScript(
            "for i in $(seq 1 200); do sleep 5 & done; echo all", options => options with
            {
                Resources = options.Resources with { Pids = 20 },
            }));

        Assert.Contains("can't fork", run.Output.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deployment_can_do_without_a_network()
    {
        await using var world = await DockerWorld.CreateAsync();

        var run = await world.RunAsync(world.NewScript(
            "ip -o link | wc -l", options => options with { Network = ContainerNetwork.None }));

        Assert.Equal("1\n", run.Output.Stdout);
    }

    [Theory]
    [InlineData("ENTRYPOINT [\"/sbin/tini\", \"--\"]", null, false)]
    [InlineData("ENTRYPOINT [\"/init\"]", null, false)]
    [InlineData("CMD [\"dumb-init\", \"x\"]", null, false)]
    [InlineData("CMD [\"x\"]", null, true)]
    [InlineData("CMD [\"x\"]", false, false)]
    [InlineData("ENTRYPOINT [\"/init\"]", true, true)]
    public async Task An_image_that_brings_an_init_gets_no_second_one(string instruction, bool? asked, bool expected)
    {
        await using var world = await DockerWorld.CreateAsync();

        var made = await CreateAndInspectAsync(world, $"FROM busybox\n{instruction}\n", asked);

        Assert.Equal(expected, made.HostConfig!.Init);
    }

    [Theory]
    [InlineData(null, 120)]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    public async Task A_command_that_tells_its_health_may_fail_for_as_long_as_the_start_may_take_unless_it_is_said_how_long(
        int? asked, int expected)
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewDeployment(options => options with
        {
            Health = new HealthOption { Command = ["true"], StartSeconds = asked },
            Timeouts = new Timeouts { StartSeconds = 120 },
        });

        var made = new ContainerProfile(Sandbox.Standard, null, null, [], 1 << 20).For(
            deployment, DeploymentSecrets.None, new ImageInspectResponse { ID = "sha256:0" }, new Ownership("0"));

        Assert.Equal(TimeSpan.FromSeconds(expected), made.Healthcheck!.StartPeriod);
    }

    [Fact]
    public async Task What_the_engine_made_otherwise_than_asked_is_noticed()
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewScript("true");
        var image = await world.AskAsync(client => client.Images.InspectImageAsync("busybox", Token));
        var asked = new ContainerProfile(Sandbox.Standard, null, null, [], 1 << 20).For(
            deployment, DeploymentSecrets.None, image, new Ownership("0"));
        var made = new ContainerInspectResponse
        {
            Image = image.ID,
            HostConfig = new HostConfig { Privileged = true, Binds = ["/:/host"], PidMode = "host" },
        };

        var differences = ProfileCheck.Differences(asked, [], made, limitsSwap: true);

        Assert.Superset(
            new HashSet<string> { "privileged", "bind mounts", "host's processes", "memory", "dropped capabilities" },
            differences.ToHashSet());
    }

    [Fact]
    public async Task A_program_without_an_init_that_cannot_be_started_is_told_too()
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewDeployment(options => options with { Command = ["no-such-program"], Init = false });

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => world.RunAsync(deployment));

        Assert.Equal(FailureCode.ContainerStartFailed, failure.Code);
        Assert.Contains("PATH", failure.Message, StringComparison.Ordinal);
        Assert.Contains("CMD", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_was_never_started_is_made_anew_where_the_rules_have_changed()
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewScript("echo once");
        await using var old = await world.Runner.CreateAsync(
            deployment with { Options = deployment.Options with { Network = ContainerNetwork.None } },
            await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);

        var run = await world.RunAsync(deployment);

        Assert.Equal("once\n", run.Output.Stdout);
        Assert.Empty(await world.ListContainersAsync());
    }

    [Fact]
    public async Task The_instance_s_network_goes_with_it_once_no_container_needs_it()
    {
        await using var world = await DockerWorld.CreateAsync();
        var deployment = world.NewScript("true");
        await using var container = await world.Runner.CreateAsync(
            deployment, await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        var network = new InstanceNetwork(new DockerConnection(DockerWorld.Endpoint));
        var own = new Ownership(world.Instance);

        await network.RemoveIfUnusedAsync(own, Token);
        var kept = await ListNetworksAsync(world);
        await container.RemoveAsync(Token);
        await network.RemoveIfUnusedAsync(own, Token);

        Assert.Equal([own.Network], kept);
        Assert.Empty(await ListNetworksAsync(world));
    }

    [Fact]
    public async Task Anonymous_volumes_go_with_their_container()
    {
        await using var world = await DockerWorld.CreateAsync();
        var id = await world.BuildAsync("FROM busybox\nVOLUME /data\nCMD true\n");
        var deployment = world.NewDeployment();
        await using var container = await world.Runner.CreateAsync(deployment, id, DeploymentSecrets.None, world.Log, Token);
        var made = await InspectAsync(world, deployment);
        var volume = made.Mounts.Single().Name!;

        await world.Runner.RemoveAllAsync(deployment.Id, Token);

        await Assert.ThrowsAnyAsync<Exception>(
            () => world.AskAsync(client => client.Volumes.InspectAsync(volume, Token)));
        Assert.Empty(await world.ListContainersAsync());
    }

    private static async Task<ContainerInspectResponse> CreateAndInspectAsync(
        DockerWorld world, string dockerfile, bool? init = null)
    {
        var deployment = world.NewDeployment(options => options with { Init = init });
        await using var container = await world.Runner.CreateAsync(
            deployment, await world.BuildAsync(dockerfile), DeploymentSecrets.None, world.Log, Token);
        return await InspectAsync(world, deployment);
    }

    private static async Task<IEnumerable<string>> ListNetworksAsync(DockerWorld world) =>
        (await world.AskAsync(client => client.Networks.ListNetworksAsync(null, Token)))
            .Select(network => network.Name)
            .Where(name => name.Contains(world.Instance, StringComparison.Ordinal));

    private static Task<ContainerInspectResponse> InspectAsync(DockerWorld world, Deployment deployment) =>
        world.AskAsync(client => client.Containers.InspectContainerAsync(
            new Ownership(world.Instance).ContainerName(deployment.Id, deployment.Attempt), Token));

    private static Task<CreateContainerResponse> CreateForeignAsync(
        DockerWorld world, string name, Dictionary<string, string> labels) =>
        world.AskAsync(client => client.Containers.CreateContainerAsync(
            new CreateContainerParameters { Name = name, Image = "busybox", Labels = labels }, Token));
}
