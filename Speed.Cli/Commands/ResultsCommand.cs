using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Shows what a deployment had to say.</summary>
internal static class ResultsCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = Asked.Id("A deployment");
        var command = new Command("results", "Show a deployment's results, in order") { id };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync(
                $"v1/deployments/{session.Asked.GetValue(id)}/results", cancellationToken);
            return session.Tell(answer, () =>
            {
                foreach (var result in answer.Items("items"))
                {
                    // A program's own words, as those of the log are.
                    session.Out.Log(result.Text("value") ?? "", continues: false);
                }
            });
        });
        return command;
    }
}
