using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Has SPEED copy its databases.</summary>
internal static class BackupCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var command = new Command("backup", "Copy the databases while all goes on; says the folder on SPEED's host");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.PostAsync("v1/backup", body: null, cancellationToken);
            return session.Tell(answer, () =>
            {
                session.Out.Line(answer.Text("path") ?? "");
                session.Error.Line(answer.Text("note") ?? "");
            });
        });
        return command;
    }
}
