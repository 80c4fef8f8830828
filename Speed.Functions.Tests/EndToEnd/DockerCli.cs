using System.Diagnostics;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>The engine as an operator sees it, past SPEED.</summary>
internal static class DockerCli
{
    /// <summary>Runs docker with these arguments and gives what it prints.</summary>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"docker {string.Join(' ', arguments)}: {await error}");
        return output;
    }
}
