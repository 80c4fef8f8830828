using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>What <c>dotnet publish</c> leaves for a Functions host, and SPEED as its worker, made of nothing else.</summary>
public sealed class PublishedSpeed : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("speed-published-");

    public PublishedSpeed() => Hosted = new HostedSpeed { App = _folder.FullName };

    public HostedSpeed Hosted { get; }

    /// <summary>What was printed until SPEED had started.</summary>
    public string Start { get; private set; } = "";

    /// <summary>The files in it, by their paths.</summary>
    public IReadOnlySet<string> Files => Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(_folder.FullName, file)).ToHashSet();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public JsonElement Read(string file) => JsonElement.Parse(File.ReadAllText(Path.Combine(_folder.FullName, file)));

    public async ValueTask InitializeAsync()
    {
        await PublishAsync(_folder.FullName);
        await Hosted.StartAsync();
        Start = Hosted.Host.Output;
    }

    public async ValueTask DisposeAsync()
    {
        await Hosted.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Publishes what was built for the tests, or each run would build all of it once more.</summary>
    internal static async Task PublishAsync(string output)
    {
        using var publish = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                "publish", "Speed.Functions", "--no-build", "--configuration", HostedSpeed.Configuration,
                "--output", output, "--nologo", "--disable-build-servers",
            ])
        {
            WorkingDirectory = ArchitectureTests.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DOTNET_NOLOGO"] = "1",
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            },
        })!;
        var faults = publish.StandardError.ReadToEndAsync(Now);
        var said = await publish.StandardOutput.ReadToEndAsync(Now);
        await publish.WaitForExitAsync(Now);
        Assert.True(publish.ExitCode == 0, said + await faults);
    }
}
