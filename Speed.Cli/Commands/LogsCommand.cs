using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Shows the log of a deployment, as it comes if told to.</summary>
internal static class LogsCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = Asked.Id("A deployment");
        var follow = new Option<bool>("--follow", "-f")
        {
            Description = "Go on until the log is closed, over restarts of SPEED too",
        };
        var tail = new Option<long?>("--tail", "-n")
        {
            HelpName = "COUNT",
            Description = "The last lines only",
        };
        var after = new Option<long>("--after")
        {
            HelpName = "N",
            Description = "The lines after this one's number only",
        };
        var phase = Asked.Text("--phase", "PHASE", "Lines of clone, build or run only");
        var stream =
            Asked.Text("--stream", "STREAM", "Lines of stdout, stderr or speed only; speed is what SPEED itself says");
        var grep = Asked.Text("--grep", "TEXT", "Lines with this text only, in any case");
        var command = new Command("logs", "Show the log of a deployment")
        {
            id, follow, tail, after, phase, stream, grep,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var asked = session.Asked;
            var query = new LogQuery(
                asked.GetValue(after), asked.GetValue(tail), asked.GetValue(phase), asked.GetValue(stream),
                asked.GetValue(grep));
            await ShowAsync(session, asked.GetValue(id), query, asked.GetValue(follow), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task ShowAsync(
        Session session, long id, LogQuery query, bool follow, CancellationToken cancellationToken)
    {
        // Whoever is not there, or not let in, is told so at once and not after many tries.
        await session.Speed.GetAsync($"v1/deployments/{id}", cancellationToken);
        var reconnection = new Reconnection(session.Terminal.Time, session.Error);
        var log = new LogFollower(session.Speed, id, query, reconnection, Show);
        await (follow ? log.FollowAsync(cancellationToken) : log.ReadAsync(cancellationToken));

        void Show(LogEntry entry)
        {
            if (session.Json)
            {
                session.Out.Raw(entry.Raw);
            }
            else
            {
                session.Out.Log(entry.Text, entry.Continues);
            }
        }
    }
}
