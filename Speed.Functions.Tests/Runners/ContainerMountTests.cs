using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: a container has every volume that was asked for.</summary>
public sealed class ContainerMountTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_engine_that_does_not_see_SPEED_s_files_gives_the_first_container_its_volumes_too()
    {
        using var data = new TempFolder();
        await using var world = await DockerWorld.CreateAsync(data: new DataFolder(data.FullPath));
        Directory.CreateDirectory(world.Reports!.FullPath);
        await File.WriteAllTextAsync(world.Reports.Socket, "", Token);
        var early = world.NewScript("ls /run/speed");
        var seen = await world.RunAsync(early);
        Directory.Delete(world.Reports.FullPath, recursive: true);

        var run = await world.RunAsync(WithVolume(world, "echo kept > /data/x; ls /run/speed 2>&1"));
        var again = await world.RunAsync(WithVolume(world, "cat /data/x"));
        await world.Log.FlushAsync();

        Assert.Equal("api.sock\n", seen.Output.Stdout);
        Assert.Contains("No such file", run.Output.Stdout, StringComparison.Ordinal);
        Assert.Equal("kept\n", again.Output.Stdout);
        Assert.Contains(
            $"The program cannot report through {ReportFolder.InContainer}: the engine does not see SPEED's files.",
            world.Recorded.Lines);
    }

    [Theory]
    [InlineData("/data/")]
    [InlineData("//data/.")]
    public async Task A_path_of_before_is_mounted_in_its_one_spelling(string path)
    {
        await using var world = await DockerWorld.CreateAsync();

        var first = await world.RunAsync(WithVolume(world, "echo kept > /data/x", path));
        var second = await world.RunAsync(WithVolume(world, "cat /data/x", "/data"));

        Assert.Equal((0, "kept\n"), (first.Exit.Code, second.Output.Stdout));
    }

    [Fact]
    public async Task A_path_of_before_that_is_none_any_more_fails_with_the_way_out()
    {
        await using var world = await DockerWorld.CreateAsync();

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => world.RunAsync(WithVolume(world, "true", "/./proc")));

        Assert.Equal(FailureCode.ContainerStartFailed, failure.Code);
        Assert.Contains("/./proc", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await world.ListContainersAsync());
    }

    [Fact]
    public async Task Under_strict_a_volume_takes_the_place_of_the_image_s_own_and_of_the_folder_for_temporary_files()
    {
        await using var world = await DockerWorld.CreateAsync(Sandbox.Strict);
        var id = await world.BuildAsync("FROM busybox\nVOLUME /data/\nCMD mount | grep -c 'tmpfs on /data\\|tmpfs on /tmp'\n");

        var run = await world.RunAsync(
            world.NewDeployment(options => options with
            {
                Volumes = [new VolumeOption("data", "/data"), new VolumeOption("tmp", "/tmp")],
            }),
            id);

        Assert.Equal("0\n", run.Output.Stdout);
    }

    [Theory]
    [InlineData("", "/data", true)]
    [InlineData("another", "/data", true)]
    [InlineData("mine", "/elsewhere", true)]
    [InlineData("mine", "/data", false)]
    public async Task A_volume_that_was_asked_for_and_is_not_mounted_to_be_written_is_a_difference(
        string source, string target, bool isWritable)
    {
        await using var world = await DockerWorld.CreateAsync();
        var image = await world.AskAsync(client => client.Images.InspectImageAsync("busybox", Token));
        var profile = new ContainerProfile(
            Sandbox.Standard, null, null, [new VolumeMount("data", "mine", "/data")], 1 << 20);
        var asked = profile.For(world.NewScript("true"), DeploymentSecrets.None, image, new Ownership("0"));

        // As the fallback of earlier versions asked for it.
        asked.HostConfig!.Mounts = null;
        var made = new ContainerInspectResponse
        {
            Image = image.ID,
            Config = new ContainerConfig(),
            HostConfig = asked.HostConfig,
            Mounts = source.Length == 0 ? [] : [new MountPoint { Type = "volume", Name = source, Destination = target, RW = isWritable }],
        };

        Assert.Contains("volumes", ProfileCheck.Differences(asked, profile.Volumes, made, limitsSwap: true));
    }

    private static Deployment WithVolume(DockerWorld world, string script, string path = "/data") =>
        world.NewScript(script, options => options with { Volumes = [new VolumeOption("data", path)] });
}
