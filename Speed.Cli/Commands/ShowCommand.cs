using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Shows one deployment.</summary>
internal static class ShowCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = Asked.Id("A deployment");
        var command = new Command("show", "Show a deployment: how it stands, and why") { id };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var path = $"v1/deployments/{session.Asked.GetValue(id)}";
            var deployment = new Deployment(await session.Speed.GetAsync(path, cancellationToken));
            return session.Tell(
                deployment.Json, () => session.Out.Sheet([.. How(deployment), .. What(deployment)]));
        });
        return command;
    }

    private static IEnumerable<(string, string?)> How(Deployment deployment)
    {
        var (json, failure) = (deployment.Json, deployment.Json.Find("failure"));
        var addresses = string.Join('\n', deployment.Addresses);
        return
        [
            ("Deployment", $"{deployment.Id}"),
            ("Status", deployment.IsUp ? "Running, up" : deployment.Status),
            ("Phase", json.Text("phase")),
            (deployment.HasEnded ? "Was at" : "Address", addresses),
            ("Names", string.Join('\n', deployment.Names)),
            ("Failure", failure is { } why ? $"{why.Text("code")}: {why.Text("message")}" : null),
            ("Way out", failure?.Text("hint")),
            ("Exit code", json.Whole("exit_code")?.ToString()),
            ("Waits for", json.Find("waiting")?.Text("reason")),
            ("Superseded by", json.Whole("superseded_by")?.ToString()),
            ("Retry of", json.Whole("retry_of")?.ToString()),
            ("Attempt", json.Whole("attempt") is > 1 and { } attempt ? $"{attempt}" : null),
        ];
    }

    private static IEnumerable<(string, string?)> What(Deployment deployment)
    {
        var json = deployment.Json;
        return
        [
            ("Repository", json.Text("url")),
            ("Branch", json.Text("branch")),
            ("Commit", json.Text("commit")),
            ("Subdirectory", json.Text("subdirectory") is { } folder and not "." ? folder : null),
            ("Name", json.Text("name")),
            ("Kind", json.Text("kind")),
            ("Secrets", json.List("secrets")),
            ("Labels", json.Find("labels") is { } labels
                ? string.Join(", ", labels.EnumerateObject().Select(label => $"{label.Name}={label.Value}"))
                : null),
            ("Created", json.Moment("created_at")),
            ("Started", json.Moment("started_at")),
            ("Up", json.Moment("up_at")),
            ("Ended", json.Moment("ended_at")),
            ("Log", $"{deployment.LogLines} lines: speed logs {deployment.Id}"),
        ];
    }
}
