using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what a service must not reach, and who must not reach it.</summary>
public sealed class ServiceSafetyTests(World world) : IClassFixture<World>
{
    private const string Sleeper = "FROM busybox\nEXPOSE 8080\nHEALTHCHECK --interval=1s CMD true\nCMD exec sleep 1000\n";

    private static readonly object Data = new { volumes = new[] { new { name = "data", path = "/data" } } };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_reaches_another_repository_s_or_branch_s_data_by_naming_its_volume()
    {
        const string Dockerfile = "FROM busybox\nCMD cat /data/* 2>/dev/null; echo mine > /data/x\n";
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile));
        await repository.GitAsync("branch", "other");

        (await world.DeployAsync(repository, Data)).Succeeded();
        var same = await world.DeployAsync(repository, Data);
        var branch = await world.DeployAsync(repository, Data, "other");
        var stranger = await world.DeployAsync(Dockerfile, Data);

        Assert.Equal(("mine", "", ""), (same.Results, branch.Results, stranger.Results));
    }

    [Fact]
    public async Task A_volume_that_somebody_else_made_is_neither_used_nor_removed()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD true\n"));
        var before = await VolumesAsync();
        var first = (await world.DeployAsync(repository, Data)).Succeeded();
        var name = Assert.Single((await VolumesAsync()).Except(before));
        await world.EventuallyNoContainersAsync(first.Id);
        await DockerCli.RunAsync("volume", "rm", name);
        await DockerCli.RunAsync(
            "volume", "create", "--label", $"speed.instance={world.Instance}", "--label", "speed.owner=[\"somebody\"]", name);

        var failed = await world.DeployAsync(repository, Data);

        Assert.Contains(name, failed.FailedWith("CONTAINER_START_FAILED", "run"));
        Assert.Contains(name, await VolumesAsync());
    }

    [Fact]
    public async Task Ports_are_published_on_127_0_0_1_alone()
    {
        var up = await world.UpAsync(await world.StartAsync(await world.RepositoryAsync(r => r.File("Dockerfile", Sleeper))));

        var published = await DockerCli.RunAsync(
            "inspect", "--format", "{{json .NetworkSettings.Ports}}", (await world.ContainersOfAsync(up.Id())).Single());
        Assert.Matches("^{\"8080/tcp\":\\[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"[0-9]+\"}\\]}$", published.Trim());
        await world.App.PostAsync($"/v1/deployments/{up.Id()}/cancel", new { });
        await world.EndAsync(up.Id());
    }

    [Fact]
    public async Task Services_have_an_address_and_ports_of_their_own_where_the_operator_says_so()
    {
        var port = FreePort.Find();
        await using var apart = new World
        {
            Settings = { ["Speed__Services__Address"] = "127.0.0.2", ["Speed__Services__ChosenPorts"] = $"{port}-{port}" },
        };
        await apart.InitializeAsync();
        const string Server = "FROM busybox\nEXPOSE 8080\nCMD mkdir /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www\n";

        var up = await apart.UpAsync(await apart.StartAsync(await apart.RepositoryAsync(r => r.File("Dockerfile", Server))));
        var second = await apart.DeployAsync(await apart.RepositoryAsync(r => r.File("Dockerfile", Sleeper)));

        var address = up.GetProperty("endpoints")[0].GetProperty("url").GetString()!;
        Assert.Equal($"http://127.0.0.2:{port}", address);
        using var client = new HttpClient();
        Assert.Equal("hello\n", await client.GetStringAsync(address, Now));
        using var socket = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, port, Now).AsTask());
        Assert.Contains("Speed__Services__ChosenPorts", second.FailedWith("CONTAINER_START_FAILED", "run"));
    }

    [Fact]
    public async Task A_port_that_another_program_has_fails_with_the_way_out_and_is_left_alone()
    {
        using var theirs = new TcpListener(IPAddress.Loopback, 0);
        theirs.Start();
        var port = ((IPEndPoint)theirs.LocalEndpoint).Port;
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Sleeper));

        var failed = await world.DeployAsync(
            repository, new { ports = new[] { new { container = 8080, host = port } } });

        Assert.Contains("Leave `host` out", failed.FailedWith("CONTAINER_START_FAILED", "run"));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Now);
    }

    [Fact]
    public async Task Under_strict_nothing_is_published()
    {
        await using var strict = new World { Settings = { ["Speed__Docker__Sandbox"] = "strict" } };
        await strict.InitializeAsync();
        var repository = await strict.RepositoryAsync(r => r.File("Dockerfile", Sleeper));

        var up = await strict.UpAsync(await strict.StartAsync(repository));

        Assert.Empty(up.GetProperty("endpoints").EnumerateArray());
    }

    private Task<string[]> VolumesAsync() =>
        DockerCli.LinesAsync("volume", "ls", "--quiet", "--filter", $"label=speed.instance={world.Instance}");
}
