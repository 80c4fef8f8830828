using System.Diagnostics;
using Speed.Tests.EndToEnd;
using Speed.Tests.Hosts;
using Xunit;

namespace Speed.Tests.Containers;

/// <summary>
/// Images of SPEED by its own Dockerfile, with the program that the tests were built with; the base is made here where no
/// registry gives it. Disposing it removes them, and leaves the base.
/// </summary>
public sealed class SpeedImage : IAsyncLifetime
{
    private readonly string _name = $"speed-of-tests-{Guid.NewGuid().ToString("N")[..12]}";

    /// <summary>An image with the published program in <c>/app</c>: what the Dockerfile takes as PROGRAM.</summary>
    public string Program => $"{_name}:program";

    /// <summary>Two that differ in nothing but their ids: the second is newer.</summary>
    public string First => $"{_name}:1";

    public string Second => $"{_name}:2";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await ShellAsync(Path.Combine(ArchitectureTests.Root, "eng", "dotnet-image"), []);
        var published = Directory.CreateTempSubdirectory("speed-published-").FullName;
        try
        {
            await PublishedSpeed.PublishAsync(published);
            await BuildAsync(published, "FROM scratch\nCOPY . /app\n", "--tag", Program);
        }
        finally
        {
            Directory.Delete(published, recursive: true);
        }

        var dockerfile = await File.ReadAllTextAsync(Path.Combine(ArchitectureTests.Root, "Dockerfile"), Now);
        foreach (var image in new[] { First, Second })
        {
            await BuildAsync(
                ArchitectureTests.Root, dockerfile, "--build-arg", $"PROGRAM={Program}", "--label", $"image={image}", "--tag", image);
        }
    }

    public async ValueTask DisposeAsync() => await DockerCli.RunAsync("rmi", "--force", First, Second, Program);

    private static Task BuildAsync(string folder, string dockerfile, params string[] arguments) =>
        ShellAsync(
            "sh",
            ["-c", "printf '%s' \"$0\" | DOCKER_BUILDKIT=1 \"$@\"", dockerfile, BuildKitClient(), "build", .. arguments, "--file", "-", folder]);

    // A client of 23 and later builds by a plugin, which a machine may lack; the one before has it built in.
    private static string BuildKitClient()
    {
        var clients = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, "docker"))
            .Where(File.Exists)
            .ToList();
        return clients.FirstOrDefault(client => Ask(client, "buildx", "version").ExitCode == 0)
            ?? clients.FirstOrDefault(client => MajorOf(Ask(client, "--version").Output) < 23)
            ?? "docker";
    }

    // Docker version 20.10.24+dfsg1, build 297e128
    private static int MajorOf(string version) =>
        int.TryParse(version.Split(' ').ElementAtOrDefault(2)?.Split('.')[0], out var major) ? major : int.MaxValue;

    private static (int ExitCode, string Output) Ask(string client, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(client, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    private static async Task ShellAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var faults = process.StandardError.ReadToEndAsync(Now);
        var said = await process.StandardOutput.ReadToEndAsync(Now);
        await process.WaitForExitAsync(Now);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {said}{await faults}");
    }
}
