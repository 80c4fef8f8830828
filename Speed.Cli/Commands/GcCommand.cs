using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Cli.Commands;

/// <summary>Shows what clean-up would remove, or removes it.</summary>
internal static class GcCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var removes = new Option<bool>("--do") { Description = "Remove it" };
        var unrecorded = new Option<bool>("--unrecorded")
        {
            Description = "Also what no record tells of, since an older backup was restored",
        };
        var command = new Command("gc", "Show what clean-up would remove, and why; remove it with --do")
        {
            removes, unrecorded,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var (isDone, all) = (session.Asked.GetValue(removes), session.Asked.GetValue(unrecorded));
            var answer = isDone
                ? await session.Speed.PostAsync(
                    "v1/gc", all ? new JsonObject { ["unrecorded"] = true } : null, cancellationToken)
                : await session.Speed.GetAsync("v1/gc", cancellationToken);
            return session.Tell(answer, () => Show(session, answer, isDone, all));
        });
        return command;
    }

    private static void Show(Session session, JsonElement answer, bool isDone, bool all)
    {
        var apart = answer.Items("unrecorded");
        List<JsonElement> items = [.. answer.Items("items"), .. all ? apart : []];
        session.Out.Table(
            ["KIND", "ID", "BYTES", "WHY"],
            items.Select(item => (string?[])
            [
                item.Text("kind"), item.Text("id"), item.Whole("bytes")?.ToString(), item.Text("reason"),
            ]));
        session.Error.Line(isDone
            ? $"Removed: {items.Count}."
            : $"To remove: {items.Count}. Do it: speed gc{(all ? " --unrecorded" : "")} --do");
        if (apart.Count > 0 && !all)
        {
            session.Error.Line($"Kept, for no record tells of it: {apart.Count}. See it: speed gc --unrecorded");
        }
    }
}
