using System.Diagnostics;
using Xunit;

namespace Speed.Tests;

/// <summary>Drives a process: what tests and the programs that they start inherit, whoever starts them.</summary>
public sealed class InheritedTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("umask", "0022")]
    // SIGPIPE alone, as in whatever .NET starts.
    [InlineData("grep SigIgn /proc/self/status", "SigIgn:\t0000000000001000")]
    [InlineData("cat", "")]
    [InlineData("env | grep -E '^(GIT_|Speed__|XDG_|SPEED_SERVER|SPEED_TOKEN|ASPNETCORE_)|_(PROXY|proxy)='", "")]
    // Not empty: programs of other tests keep things of theirs there.
    [InlineData("[ -w \"$HOME\" ] && ls \"$HOME/.gitconfig\" \"$HOME/.ssh\" 2>/dev/null | cat", "")]
    [InlineData("touch here-$$ && rm here-$$", "")]
    public async Task A_program_that_a_test_starts_finds_nothing_odd(string asks, string answer) =>
        Assert.Equal(answer, await SayAsync(asks));

    private static async Task<string> SayAsync(string script)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true })!;
        var said = await shell.StandardOutput.ReadToEndAsync(Now);
        await shell.WaitForExitAsync(Now);
        return said.TrimEnd();
    }
}
