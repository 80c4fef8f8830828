using System.CommandLine;
using Spectre.Console;

namespace Speed.Cli.Commands;

/// <summary>Secrets go in, are listed by name, and are removed; they never come out.</summary>
internal static class SecretsCommand
{
    private const string Description = "Secrets of programs, repositories and registries";

    public static Command Create(GlobalOptions globals) => new("secrets", Description)
    {
        List(globals), Set(globals), Remove(globals),
    };

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "List names, use and repositories");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync("v1/secrets", cancellationToken);
            return session.Tell(answer, () => session.Out.Table(
                ["NAME", "USE", "REPOSITORIES", "USER", "DEPLOYERS"],
                answer.Items("items").Select(item => (string?[])
                [
                    item.Text("name"), item.Text("use"), item.List("repos"), item.Text("username"),
                    item.List("deployers"),
                ])));
        });
        return command;
    }

    private static Command Set(GlobalOptions globals)
    {
        var name = new Argument<string>("name") { Description = "For run, the variable's name" };
        var use = Asked.Text("--use", "USE", "run (else), git or registry");
        var repos = Asked.Texts("--repo", "PATTERN", "Where it applies, such as github.com/you/*");
        var deployers = Asked.Texts(
            "--deployer", "PATTERN", "Whose deployments may use it, such as github.com/you/*; else all");
        var username = Asked.Text("--username", "NAME", "Of the account at the repository or registry");
        var command = new Command("set", "Set a secret: its value is read from standard input, or asked for")
        {
            name, use, repos, username, deployers,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var asked = session.Asked;
            var body = Asked.Body(
                ("value", await ReadValueAsync(session.Terminal, cancellationToken)),
                ("use", asked.GetValue(use) ?? "run"),
                ("repos", Asked.List(asked.GetValue(repos))),
                ("username", asked.GetValue(username)),
                ("deployers", Asked.List(asked.GetValue(deployers))));
            var path = $"v1/secrets/{Uri.EscapeDataString(asked.GetRequiredValue(name))}";
            var answer = await session.Speed.SendAsync(HttpMethod.Put, path, body, cancellationToken);
            return session.Tell(answer, () => session.Error.Line($"Secret {asked.GetRequiredValue(name)} is set."));
        });
        return command;
    }

    private static Command Remove(GlobalOptions globals)
    {
        var name = new Argument<string>("name") { Description = "Of the secret" };
        var command = new Command("remove", "Remove a secret") { name };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var secret = session.Asked.GetRequiredValue(name);
            var path = $"v1/secrets/{Uri.EscapeDataString(secret)}";
            var answer = await session.Speed.SendAsync(HttpMethod.Delete, path, body: null, cancellationToken);
            return session.Tell(answer, () => session.Error.Line($"Secret {secret} is removed."));
        });
        return command;
    }

    // The line feed that echo puts behind a word is no part of it; the one at the end of a key's last line is.
    private static async Task<string> ReadValueAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        if (terminal.IsInTerminal)
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error) });
            return await console.PromptAsync(new TextPrompt<string>("Value:").Secret(null), cancellationToken);
        }

        var text = await terminal.In.ReadToEndAsync(cancellationToken);
        var word = text.TrimEnd('\n').TrimEnd('\r');
        return word.Contains('\n', StringComparison.Ordinal) ? text : word;
    }
}
