using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Cli.Commands;

/// <summary>Lists deployments, the newest first.</summary>
internal static class ListCommand
{
    private const int MostInPage = 200;

    public static Command Create(GlobalOptions globals)
    {
        var status = Asked.Text("--status", "STATUS", "Pending, Running, Succeeded, Failed or Canceled");
        var repo = Asked.Text("--repo", "URL", "An address, or a pattern such as github.com/you/*");
        var branch = Asked.Text("--branch", "NAME", "A branch");
        var limit = new Option<int>("--limit", "-n")
        {
            HelpName = "COUNT",
            Description = "So many at most",
            DefaultValueFactory = _ => 50,
        };
        var command = new Command("list", "List deployments, the newest first") { status, repo, branch, limit };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var asked = session.Asked;
            var answer = await ReadAsync(
                session.Speed, asked.GetValue(limit),
                [
                    ("status", asked.GetValue(status)), ("repo", asked.GetValue(repo)),
                    ("branch", asked.GetValue(branch)),
                ],
                cancellationToken);
            return session.Tell(answer, () => session.Out.Table(
                ["ID", "STATUS", "REPOSITORY", "BRANCH", "NAME", "COMMIT", "CREATED", "ADDRESS"],
                answer.Items("items").Select(item => Row(new Deployment(item)))));
        });
        return command;
    }

    // Page after page, as one: of more than a page has, the last next_cursor says where the list goes on.
    private static async Task<JsonElement> ReadAsync(
        SpeedClient speed, int limit, (string Name, string? Value)[] filter, CancellationToken cancellationToken)
    {
        var items = new JsonArray();
        string? cursor = null;
        do
        {
            // A limit that is none is SPEED's to refuse.
            var size = Math.Min(limit - items.Count, MostInPage);
            var page = await speed.GetAsync(
                PathQuery.Of("v1/deployments", [.. filter, ("limit", $"{size}"), ("cursor", cursor)]),
                cancellationToken);
            foreach (var item in page.Items("items"))
            {
                items.Add(JsonNode.Parse(item.GetRawText()));
            }

            cursor = page.Text("next_cursor");
        }
        while (cursor is not null && items.Count < limit);

        return JsonSerializer.SerializeToElement(new JsonObject { ["items"] = items, ["next_cursor"] = cursor });
    }

    private static string?[] Row(Deployment deployment) =>
    [
        $"{deployment.Id}",
        deployment.IsUp ? "Running, up" : deployment.Status,
        deployment.Json.Text("url"),
        deployment.Json.Text("branch"),
        deployment.Json.Text("name"),
        deployment.Json.Text("commit") is { Length: >= 12 } commit ? commit[..12] : null,
        deployment.Json.Moment("created_at"),
        deployment.Status == "Running" ? string.Join(", ", deployment.Addresses) : null,
    ];
}
