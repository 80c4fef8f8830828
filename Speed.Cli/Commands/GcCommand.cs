using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Shows what clean-up would remove, or removes it.</summary>
internal static class GcCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var removes = new Option<bool>("--do") { Description = "Remove it" };
        var command = new Command("gc", "Show what clean-up would remove, and why; remove it with --do") { removes };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var isDone = session.Asked.GetValue(removes);
            var answer = isDone
                ? await session.Speed.PostAsync("v1/gc", body: null, cancellationToken)
                : await session.Speed.GetAsync("v1/gc", cancellationToken);
            return session.Tell(answer, () =>
            {
                var items = answer.Items("items");
                session.Out.Table(
                    ["KIND", "ID", "BYTES", "WHY"],
                    items.Select(item => (string?[])
                    [
                        item.Text("kind"), item.Text("id"), item.Whole("bytes")?.ToString(), item.Text("reason"),
                    ]));
                session.Error.Line(
                    isDone ? $"Removed: {items.Count}." : $"To remove: {items.Count}. Do it: speed gc --do");
            });
        });
        return command;
    }
}
