using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Deploys a repository, and shows what becomes of it.</summary>
internal static class DeployCommand
{
    private const string Description =
        "Build a repository and run it; show the log until it is up or has ended, and then how it stands";

    public static Command Create(GlobalOptions globals)
    {
        var url = new Argument<string>("url")
        {
            Description = "The repository, such as https://github.com/you/app.git",
        };
        var options = new DeployOptions();
        var key = Asked.Text(
            "--idempotency-key", "KEY", "The same key again does not deploy again, but gives the same deployment");
        var detach = Asked.Detach("Say the id, and do not wait");
        var command = new Command("deploy", Description) { url };
        options.AddTo(command);
        command.Options.Add(key, detach);
        globals.Run(command, async (session, cancellationToken) =>
        {
            var body = options.Read(session.Asked, session.Asked.GetRequiredValue(url));
            var answer = await session.Speed.SendAsync(
                HttpMethod.Post, "v1/deployments", body, cancellationToken, session.Asked.GetValue(key));
            return await session.StandAsync(new Deployment(answer), session.Asked.GetValue(detach), cancellationToken);
        });
        return command;
    }

    /// <summary>Follows a new deployment, unless told not to, and says how it stands.</summary>
    public static async Task<int> StandAsync(
        this Session session, Deployment started, bool detach, CancellationToken cancellationToken)
    {
        if (detach)
        {
            return session.Tell(started.Json, () => session.Out.Line($"Deployment {started.Id} is {started.Status}."));
        }

        session.Error.Line($"Deployment {started.Id} of {started.Json.Text("url")}");
        var now = await DeploymentWatch.AfterwardsAsync(
            $"Deployment {started.Id} was started and goes on; it cannot be followed",
            () => session.FollowAsync(started.Id, cancellationToken));
        session.Tell(
            now.Json, () => (now.OutcomeCode == ExitCode.Done ? session.Out : session.Error).Line(now.Outcome));
        return now.OutcomeCode;
    }
}
