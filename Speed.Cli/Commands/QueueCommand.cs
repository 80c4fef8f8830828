using System.CommandLine;
using System.Text.Json;

namespace Speed.Cli.Commands;

/// <summary>Shows who is at work, and who waits for what.</summary>
internal static class QueueCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var command = new Command("queue", "Show what is at work, what waits, and why");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync("v1/queue", cancellationToken);
            return session.Tell(answer, () => session.Out.Table(
                ["ID", "PLACE", "REPOSITORY", "BRANCH", "NAME", "STARTED", "WHY"],
                [.. answer.Items("running").Select(Running), .. answer.Items("waiting").Select(Waiting)]));
        });
        return command;
    }

    private static string?[] Running(JsonElement entry) =>
    [
        $"{entry.Whole("id")}", "at work", entry.Text("url"), entry.Text("branch"), entry.Text("name"),
        entry.Moment("started_at"), entry.Text("phase"),
    ];

    private static string?[] Waiting(JsonElement entry) =>
    [
        $"{entry.Whole("id")}", $"{entry.Whole("position")}", entry.Text("url"), entry.Text("branch"),
        entry.Text("name"), entry.Moment("eta_at") is { } eta ? $"about {eta}" : null, entry.Text("reason"),
    ];
}
