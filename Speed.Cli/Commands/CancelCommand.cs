using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Ends a deployment, and waits for its end.</summary>
internal static class CancelCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = Asked.Id("A deployment that waits or runs");
        var reason = Asked.Text("--reason", "TEXT", "Kept with it");
        var detach = Asked.Detach("Do not wait until it has ended");
        var command = new Command("cancel", "Stop a deployment: SIGTERM, ten seconds, SIGKILL") { id, reason, detach };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var number = session.Asked.GetValue(id);
            var answer = await session.Speed.PostAsync(
                $"v1/deployments/{number}/cancel",
                Asked.Body(("reason", session.Asked.GetValue(reason))),
                cancellationToken);
            var now = new Deployment(answer);
            if (!now.HasEnded && !session.Asked.GetValue(detach))
            {
                now = await DeploymentWatch.AfterwardsAsync(
                    $"Deployment {number} is being canceled; its end cannot be waited for",
                    () => session.UntilAsync(number, one => one.HasEnded, cancellationToken));
            }

            return session.Tell(now.Json, () => session.Out.Line(
                now.HasEnded ? $"Deployment {number} is canceled." : $"Deployment {number} is being canceled."));
        });
        return command;
    }
}
