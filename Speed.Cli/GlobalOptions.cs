using System.CommandLine;

namespace Speed.Cli;

/// <summary>The options that every command has, and how a command comes to speak to SPEED by them.</summary>
internal sealed class GlobalOptions(Terminal terminal)
{
    private const string DefaultServer = "http://127.0.0.1:7071";

    private readonly Option<string?> _server = new("--server")
    {
        Recursive = true,
        HelpName = "URL",
        Description = $"Where SPEED is; else SPEED_SERVER, else {DefaultServer}",
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Recursive = true,
        HelpName = "FILE",
        Description =
            "A file with the token; else SPEED_TOKEN, else admin.key of SPEED's data directory, for this machine only",
    };

    private readonly Option<bool> _unproved = new("--unproved")
    {
        Recursive = true,
        Description = "Send the token to a server that does not prove that it has it, such as an older SPEED",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Recursive = true,
        Description = "What SPEED answered, as one JSON document (logs: one a line), and nothing else",
    };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_server);
        root.Options.Add(_tokenFile);
        root.Options.Add(_unproved);
        root.Options.Add(_json);
    }

    /// <summary>What the command does, over a client of its own. It gives the exit code.</summary>
    public void Run(Command command, Func<Session, CancellationToken, Task<int>> act) =>
        command.SetAction(async (asked, cancellationToken) =>
        {
            using var session = Open(asked);
            return await act(session, cancellationToken);
        });

    /// <summary>What the command does on this machine, without asking any SPEED. It gives the exit code.</summary>
    public void RunLocally(Command command, Func<LocalRun, CancellationToken, Task<int>> act) =>
        command.SetAction((asked, cancellationToken) =>
            act(new LocalRun(asked, terminal, asked.GetValue(_json)), cancellationToken));

    private Session Open(ParseResult asked)
    {
        var server = ReadServer(asked.GetValue(_server) ?? terminal.Find("SPEED_SERVER") ?? DefaultServer);
        var key = Key.Find(server, asked.GetValue(_tokenFile), terminal);
        return new Session(asked, terminal, new SpeedClient(server, key, !asked.GetValue(_unproved)), asked.GetValue(_json));
    }

    // A name or password in it would be a secret among the arguments.
    private static Uri ReadServer(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server)
            || server.Scheme is not ("http" or "https")
            || server.UserInfo.Length > 0
            || server.Query.Length + server.Fragment.Length > 0)
        {
            throw SpeedException.Refused(
                $"The server must be an address such as {DefaultServer}: http or https, a host, a port.");
        }

        return server.AbsolutePath.EndsWith('/') ? server : new Uri($"{server.AbsoluteUri}/");
    }
}
