using System.Diagnostics;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>The engine as an operator sees it, past SPEED.</summary>
internal static class DockerCli
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs docker with these arguments and gives what it prints.</summary>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await TryAsync(arguments);
        Assert.True(exitCode == 0, $"docker {string.Join(' ', arguments)}: {error}");
        return output;
    }

    /// <summary>The names of all containers, ended ones too, that begin like this.</summary>
    public static async Task<IReadOnlyList<string>> ContainersAsync(string prefix) =>
        [.. (await LinesAsync("ps", "--all", "--format", "{{.Names}}")).Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];

    /// <summary>Returns once no container begins like this: a deployment's row is written before its container is removed.</summary>
    public static async Task EventuallyNoContainersAsync(string prefix)
    {
        var since = Stopwatch.GetTimestamp();
        while (await ContainersAsync(prefix) is { Count: > 0 } left)
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"{string.Join(", ", left)} stayed.");
        }
    }

    /// <summary>
    /// Removes all containers that begin like this, and returns once they are gone: whoever removes one at the same moment
    /// is waited for.
    /// </summary>
    public static async Task RemoveContainersAsync(string prefix)
    {
        var since = Stopwatch.GetTimestamp();
        while (await ContainersAsync(prefix) is { Count: > 0 } left)
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"{string.Join(", ", left)} stayed.");
            await TryAsync(["rm", "--force", "--volumes", .. left]);
        }
    }

    /// <summary>Removes the images and the network that one SPEED made: what it keeps, a test must not.</summary>
    public static async Task RemoveInstanceAsync(string instance)
    {
        foreach (var image in await LinesAsync("images", "--format", "{{.Repository}}:{{.Tag}}", $"speed-{instance}"))
        {
            await RunAsync("rmi", "--force", image);
        }

        foreach (var network in await LinesAsync("network", "ls", "--format", "{{.Name}}", "--filter", $"name=^speed-{instance}$"))
        {
            await RunAsync("network", "rm", network);
        }
    }

    /// <summary>Runs docker with these arguments and gives the lines that it prints.</summary>
    public static async Task<string[]> LinesAsync(params string[] arguments) =>
        (await RunAsync(arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<(int ExitCode, string Output, string Error)> TryAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
