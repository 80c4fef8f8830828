using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Deploys again what was deployed before: the same commit, the same options.</summary>
internal static class RetryCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var id = Asked.Id("A deployment that has ended");
        var detach = Asked.Detach("Say the id, and do not wait");
        var command = new Command("retry", "Deploy the same commit with the same options again; roll back to it")
        {
            id, detach,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.PostAsync(
                $"v1/deployments/{session.Asked.GetValue(id)}/retry", body: null, cancellationToken);
            return await session.StandAsync(new Deployment(answer), session.Asked.GetValue(detach), cancellationToken);
        });
        return command;
    }
}
