using System.Diagnostics;
using System.Text.Json;
using Speed.Tests.Data;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Containers;

/// <summary>Started by <c>docker compose</c> from this repository's compose.yaml, which builds the image.</summary>
/// <param name="program">An image with the published program, which is not built once more.</param>
internal sealed class ComposedSpeed(int port, string program) : ContainedSpeed(port)
{
    private readonly TempFolder _folder = new();
    private readonly string _project = $"speed-of-tests-{port}";

    public override string Container => $"{_project}-speed-1";

    /// <summary>True where the engine's client has it.</summary>
    public static async Task<bool> IsThereAsync() =>
        (await DockerCli.RunAsync("--help")).Contains(" compose", StringComparison.Ordinal);

    /// <summary>Compose's words where it refuses; null where it does not.</summary>
    public static async Task<string?> TryAsync(params string[] arguments)
    {
        var (exitCode, said) = await RunAsync(null, ["--file", ComposeFile, .. arguments]);
        return exitCode == 0 ? null : said;
    }

    public override async Task DownAsync()
    {
        if (File.Exists(_folder.File("more.yaml")))
        {
            await ComposeAsync("down", "--volumes", "--rmi", "local", "--timeout", "40");
        }

        _folder.Dispose();
    }

    // Waits by the image's own health check, which is asked more often here.
    protected override async Task StartAsync(string image)
    {
        var more = new
        {
            services = new
            {
                speed = new
                {
                    build = new { args = new { PROGRAM = program }, labels = new Dictionary<string, string> { ["image"] = image } },
                    environment = Settings,
                    healthcheck = new { interval = "1s" },
                },
            },
        };
        await File.WriteAllTextAsync(_folder.File("more.yaml"), JsonSerializer.Serialize(more), Now);
        await ComposeAsync("up", "--build", "--detach", "--wait", "--timeout", "40");
    }

    private static string ComposeFile => Path.Combine(ArchitectureTests.Root, "compose.yaml");

    private async Task ComposeAsync(params string[] arguments)
    {
        var (exitCode, said) = await RunAsync(
            SocketGroup(), ["--project-name", _project, "--file", ComposeFile, "--file", _folder.File("more.yaml"), .. arguments]);
        Assert.True(exitCode == 0, $"docker compose {string.Join(' ', arguments)}: {said}");
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(string? group, string[] arguments)
    {
        var start = new ProcessStartInfo("docker", ["compose", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOCKER_SOCKET"] = HostSocket, ["DOCKER_GROUP"] = group },
        };
        using var process = Process.Start(start)!;
        var faults = process.StandardError.ReadToEndAsync(Now);
        var said = await process.StandardOutput.ReadToEndAsync(Now);
        await process.WaitForExitAsync(Now);
        return (process.ExitCode, said + await faults);
    }
}
