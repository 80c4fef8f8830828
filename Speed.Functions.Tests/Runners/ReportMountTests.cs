using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: where its host has the folder that programs report through.</summary>
public sealed class ReportMountTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1193 1186 8:1 /var/lib/docker/containers/ID/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n", true)]
    [InlineData("700 1 8:1 /data/docker/containers/ID/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n", true)]
    [InlineData("812 9 0:45 /containers/storage/overlay-containers/ID/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n", true)]
    [InlineData("700 1 8:1 /var/lib/docker/containers/ID/mounts/shm /dev/shm rw - tmpfs shm rw\n", false)]
    [InlineData("22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n", false)]
    public void The_container_that_this_process_lives_in_is_read_off_its_mounts(string mounts, bool isOne)
    {
        var id = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));

        var found = SpeedContainer.IdIn(mounts.Replace("ID", id, StringComparison.Ordinal));

        Assert.Equal(isOne ? id : null, found);
    }

    [Fact]
    public async Task In_a_container_the_host_s_side_of_the_mount_is_found_by_looking_at_that_container()
    {
        await using var world = await DockerWorld.CreateAsync();
        using var host = new TempFolder();
        var own = await world.AskAsync(client => client.Containers.CreateContainerAsync(
            new CreateContainerParameters
            {
                Name = $"test-{world.Instance}",
                Image = "busybox",
                HostConfig = new HostConfig { Binds = [$"{host.FullPath}:/var/lib/speed"] },
            },
            Token));
        var place = new SpeedPlace(
            true, await world.AskAsync(client => client.Containers.InspectContainerAsync(own.ID, Token)));

        Assert.Equal($"{host.FullPath}/report", place.OnHost("/var/lib/speed/report"));
        Assert.Equal(host.FullPath, place.OnHost("/var/lib/speed"));
        Assert.Null(place.OnHost("/var/lib/speedy/report"));
        Assert.Null(new SpeedPlace(true, null).OnHost("/var/lib/speed/report"));
        Assert.Equal("/var/lib/speed/report", new SpeedPlace(false, null).OnHost("/var/lib/speed/report"));
    }

    [Fact]
    public async Task Where_the_engine_cannot_have_the_folder_a_program_runs_without_it_and_one_line_says_so()
    {
        await using var world = await DockerWorld.CreateAsync();
        var run = await world.RunAsync("ls /run/speed 2>&1; echo ran");
        await world.Log.FlushAsync();

        Assert.EndsWith("ran\n", run.Output.Stdout, StringComparison.Ordinal);
        Assert.Single(world.Recorded.Lines, line => line.StartsWith(
            $"The program cannot report through {ReportFolder.InContainer}: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:2375", "another machine")]
    [InlineData("npipe://./pipe/docker_engine", "another machine")]
    public async Task An_engine_that_may_be_elsewhere_is_not_asked_for_a_mount(string endpoint, string reason)
    {
        using var data = new TempFolder();
        var folder = new ReportFolder(new DataFolder(data.FullPath), NamedStore.Create("0123456789ab"));
        Directory.CreateDirectory(folder.FullPath);
        await File.WriteAllTextAsync(folder.Socket, "", Token);
        using var docker = new DockerConnection(DockerWorld.Endpoint);

        var (source, why) = await new ReportMount(docker, new SpeedContainer(docker), endpoint, folder).FindAsync(Token);

        Assert.Null(source);
        Assert.Contains(reason, why, StringComparison.Ordinal);
    }

    [Fact]
    public void The_socket_s_path_fits_into_a_socket_address_wherever_the_data_lie()
    {
        var store = NamedStore.Create("0123456789ab");
        var shallow = new ReportFolder(new DataFolder("/data"), store);
        var deep = new ReportFolder(new DataFolder("/" + new string('d', 120)), store);

        Assert.Equal("/data/report/api.sock", shallow.Socket);
        Assert.True(deep.Socket.Length <= 107, deep.Socket);
        Assert.Contains("0123456789ab", deep.Socket, StringComparison.Ordinal);
    }
}
