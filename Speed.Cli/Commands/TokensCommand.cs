using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Tokens for those who are not to have the admin key.</summary>
internal static class TokensCommand
{
    public static Command Create(GlobalOptions globals) => new("tokens", "Tokens: who may do what")
    {
        List(globals), Add(globals), Revoke(globals),
    };

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "List tokens, without their values");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync("v1/tokens", cancellationToken);
            return session.Tell(answer, () => session.Out.Table(
                ["ID", "NAME", "SCOPES", "REPOSITORIES", "HOSTS", "CREATED", "EXPIRES"],
                answer.Items("items").Select(item => (string?[])
                [
                    item.Text("id"), item.Text("name"), item.List("scopes"), item.List("repos"), item.List("hosts"),
                    item.Moment("created_at"),
                    item.Flag("expired") ? "expired" : item.Moment("expires_at"),
                ])));
        });
        return command;
    }

    private static Command Add(GlobalOptions globals)
    {
        var name = new Argument<string>("name") { Description = "What it is for" };
        var scopes = Asked.Texts("--scope", "SCOPE", "read, deploy, report, secrets or admin");
        scopes.Required = true;
        var repos =
            Asked.Texts("--repo", "PATTERN", "The repositories that it sees, such as github.com/you/*; else all");
        var hosts = Asked.Texts(
            "--host", "PATTERN", "The hosts that it may ask for, such as *.example.org; else all, and with --repo none");
        var expires = Asked.Text("--expires-in", "TIME", "How long it lasts: 90s, 30m, 2h, 7d; else for ever");
        var command = new Command("create", "Make a token, and print it: it is told this once")
        {
            name, scopes, repos, hosts, expires,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var asked = session.Asked;
            var body = Asked.Body(
                ("name", asked.GetRequiredValue(name)),
                ("scopes", Asked.List(asked.GetValue(scopes))),
                ("repos", Asked.List(asked.GetValue(repos))),
                ("hosts", Asked.List(asked.GetValue(hosts))),
                ("expires_in_s", Asked.Seconds(asked.GetValue(expires), "--expires-in")));
            var answer = await session.Speed.PostAsync("v1/tokens", body, cancellationToken);
            return session.Tell(answer, () =>
            {
                session.Out.Line(answer.Text("token") ?? "");
                session.Error.Line(
                    $"Its id is {answer.Text("id")}; revoke it: speed tokens revoke {answer.Text("id")}");
            });
        });
        return command;
    }

    private static Command Revoke(GlobalOptions globals)
    {
        var id = new Argument<string>("id") { Description = "Of the token, as list has it" };
        var command = new Command("revoke", "Revoke a token: it is good for nothing from now on") { id };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var token = session.Asked.GetRequiredValue(id);
            var path = $"v1/tokens/{Uri.EscapeDataString(token)}";
            var answer = await session.Speed.SendAsync(HttpMethod.Delete, path, body: null, cancellationToken);
            return session.Tell(answer, () => session.Error.Line($"Token {token} is revoked."));
        });
        return command;
    }
}
