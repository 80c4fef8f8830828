using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;

namespace Speed.Cli.Commands;

/// <summary>
/// Puts a backup in the place of the databases, while SPEED is stopped. The server's own program does that, since it
/// alone knows its databases; this finds it and starts it.
/// </summary>
internal static class RestoreCommand
{
    private const string ServerProgram = "Speed.Functions.dll";
    private const string Variable = "SPEED_PROGRAM";

    public static Command Create(GlobalOptions globals)
    {
        var backup = new Argument<string>("backup")
        {
            Description = "The folder of a backup, or the name of one in backups/ of the data directory",
        };
        var data = Asked.Text(
            "--data-directory", "DIR", "SPEED's data directory; else Speed__DataDirectory, else the one of this account");
        var program = Asked.Text(
            "--program", "FILE", $"SPEED's own {ServerProgram}; else {Variable}, else the one beside this program");
        var withoutEngine = new Option<bool>("--without-engine")
        {
            Description = "Do not ask Docker which numbers are taken by containers",
        };
        var command = new Command("restore", "Restore a backup on this machine, while SPEED is stopped")
        {
            backup, data, program, withoutEngine,
        };
        globals.RunLocally(command, (run, cancellationToken) =>
        {
            var (asked, terminal) = (run.Asked, run.Terminal);
            var start = StartOf(FindProgram(asked.GetValue(program), terminal), terminal);
            start.ArgumentList.Add("--restore");
            start.ArgumentList.Add(asked.GetValue(backup)!);
            foreach (var option in (string[])
            [
                .. asked.GetValue(withoutEngine) ? ["--without-engine"] : Array.Empty<string>(),
                .. run.Json ? ["--json"] : Array.Empty<string>(),
            ])
            {
                start.ArgumentList.Add(option);
            }

            start.Environment["Speed__DataDirectory"] = asked.GetValue(data) ?? Key.DataDirectory(terminal);
            return RunAsync(start, terminal, cancellationToken);
        });
        return command;
    }

    private static string FindProgram(string? given, Terminal terminal)
    {
        var program = given ?? terminal.Find(Variable) ?? Path.Combine(AppContext.BaseDirectory, ServerProgram);
        return File.Exists(program)
            ? program
            : throw SpeedException.Refused(
                $"There is no {program}: name SPEED's own {ServerProgram} with --program or {Variable}. Or start that with "
                + "--restore and the backup, under the settings that SPEED runs with.");
    }

    private static ProcessStartInfo StartOf(string program, Terminal terminal)
    {
        var isLibrary = program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(isLibrary ? "dotnet" : program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isLibrary)
        {
            start.ArgumentList.Add(program);
        }

        foreach (var (name, value) in terminal.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static async Task<int> RunAsync(
        ProcessStartInfo start, Terminal terminal, CancellationToken cancellationToken)
    {
        using var process = Begin(start);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            terminal.OutScreen.Line(line);
        }

        foreach (var line in (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            terminal.ErrorScreen.Line($"speed: {line}");
        }

        return process.ExitCode switch
        {
            0 => ExitCode.Done,
            1 => ExitCode.Refused,
            _ => ExitCode.NoAnswer,
        };
    }

    private static Process Begin(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw SpeedException.Refused($"{start.FileName} cannot be started: {fault.Message}");
        }
    }
}
