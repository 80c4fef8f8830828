using Speed.Tests.EndToEnd;

namespace Speed.Tests.Containers;

/// <summary>Started by <c>docker run</c>.</summary>
/// <param name="port">Of this machine's loopback, on which it is reached.</param>
internal sealed class PlainSpeed(int port) : ContainedSpeed(port)
{
    private readonly string _name = $"speed-of-tests-{port}";

    public override string Container => _name;

    /// <summary>What stands before the image, beside what <c>docs/container.md</c> has.</summary>
    public string[] More { get; init; } = [];

    /// <summary>Null: as it should be, the host's.</summary>
    public string[] Network { get; init; } = ["--network", "host"];

    /// <summary>What is mounted at <c>/data</c>; null: a volume of its own.</summary>
    public string? Data { get; init; }

    /// <summary>The group that opens the socket.</summary>
    public string[] Group { get; init; } = ["--group-add", SocketGroup()];

    public override async Task DownAsync()
    {
        await DockerCli.RemoveContainersAsync(_name);
        await DockerCli.RunAsync("volume", "rm", "--force", _name);
    }

    protected override async Task StartAsync(string image)
    {
        if ((await DockerCli.ContainersAsync(_name)).Count > 0)
        {
            await DockerCli.RunAsync("stop", "--time", "40", _name);
            await DockerCli.RunAsync("rm", _name);
        }

        await DockerCli.RunAsync(
        [
            "run", "--detach", "--init", "--name", _name, .. Network, .. Group, "--volume", Data ?? $"{_name}:/data",
            "--volume", $"{HostSocket}:{Socket}", .. Settings.SelectMany(setting => new[] { "--env", $"{setting.Key}={setting.Value}" }),
            .. More, image,
        ]);
    }
}
