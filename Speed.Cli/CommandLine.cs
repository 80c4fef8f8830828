using System.CommandLine;
using System.CommandLine.Invocation;
using Speed.Cli.Commands;

namespace Speed.Cli;

/// <summary>The command line as a whole: its commands, and what becomes of what they throw.</summary>
public static class CommandLine
{
    private const string Description = """
        SPEED builds a Git repository as a Docker image and runs it.

        Exit codes:
          0    done: a service is up, a job succeeded, what was asked for happened
          1    the deployment failed or was canceled; the doctor found something wrong
          2    not understood, or refused by SPEED: nothing was done
          3    SPEED was not reached, has no room now, or failed; what was started cannot be
               followed; the output cannot be written
          130  interrupted; a deployment that was followed goes on

        Environment: SPEED_SERVER, SPEED_TOKEN; Speed__DataDirectory, where admin.key is; NO_COLOR.
        """;

    /// <summary>Runs one command to its end, and gives the exit code.</summary>
    /// <param name="cancellationToken">What Ctrl+C does too, where this is a process of its own.</param>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        var parsed = CreateRoot(terminal).Parse(
            args.Length == 0 ? ["--help"] : args,
            // An argument that begins with @ is an argument, and no file to read others from.
            new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            return Refuse(parsed, terminal);
        }

        try
        {
            return await parsed.InvokeAsync(ConfigurationOf(terminal), cancellationToken);
        }
        catch (SpeedException fault)
        {
            return Tell(terminal, fault.Message, fault.ExitCode);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception fault)
        {
            return Tell(terminal, $"{fault.GetType().Name}: {fault.Message}", ExitCode.NoAnswer);
        }
    }

    private static int Tell(Terminal terminal, string fault, int exitCode)
    {
        try
        {
            terminal.ErrorScreen.Line($"speed: {fault}");
        }
        catch (SpeedException)
        {
            // There is nobody to be told; the exit code says it.
        }

        return exitCode;
    }

    private static RootCommand CreateRoot(Terminal terminal)
    {
        var globals = new GlobalOptions(terminal);
        var root = new RootCommand(Description);
        globals.AddTo(root);
        foreach (var command in (Func<GlobalOptions, Command>[])
        [
            DeployCommand.Create, ListCommand.Create, ShowCommand.Create, LogsCommand.Create, ResultsCommand.Create,
            CancelCommand.Create, RetryCommand.Create, QueueCommand.Create, SecretsCommand.Create, TokensCommand.Create,
            VolumesCommand.Create, DoctorCommand.Create, GcCommand.Create, BackupCommand.Create, RestoreCommand.Create,
        ])
        {
            root.Subcommands.Add(command(globals));
        }

        return root;
    }

    private static InvocationConfiguration ConfigurationOf(Terminal terminal) => new()
    {
        Output = terminal.Out,
        Error = terminal.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(5),
    };

    private static int Refuse(ParseResult parsed, Terminal terminal)
    {
        foreach (var error in parsed.Errors)
        {
            terminal.ErrorScreen.Line($"speed: {error.Message}");
        }

        terminal.ErrorScreen.Line($"Try '{NameOf(parsed)} --help'.");
        return ExitCode.Refused;
    }

    private static string NameOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null;
            result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(result.Command is RootCommand ? "speed" : result.Command.Name);
        }

        return string.Join(' ', names);
    }
}
