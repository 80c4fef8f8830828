using System.Diagnostics;

namespace Speed.Tests;

/// <summary>Runs git for the tests' own ends, away from the settings of whoever runs them.</summary>
public static class GitCli
{
    /// <summary>Gives the output without its last line feed. Throws with git's words if it fails.</summary>
    public static Task<string> RunAsync(string folder, params IEnumerable<string> arguments) =>
        RunAsync(folder, _ => { }, arguments);

    /// <summary>The same, with standard input written by <paramref name="write"/>.</summary>
    public static async Task<string> RunAsync(string folder, Action<Stream> write, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Command(folder, arguments))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await using (var input = process.StandardInput.BaseStream)
        {
            write(input);
        }

        await process.WaitForExitAsync();

        return process.ExitCode == 0
            ? (await output).TrimEnd('\n')
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {await errors}");
    }

    /// <summary>A git command that inherits nothing but the path, with all three streams redirected.</summary>
    public static ProcessStartInfo Command(string folder, params IEnumerable<string> arguments)
    {
        var command = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        command.Environment.Clear();
        command.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        command.Environment["HOME"] = folder;
        command.Environment["LANG"] = "C.UTF-8";
        command.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        command.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        return command;
    }
}
