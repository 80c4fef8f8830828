using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Shows what SPEED stands on, and what is the matter with it.</summary>
internal static class DoctorCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var command = new Command("doctor", "Look at what SPEED stands on; exit code 1 if something is wrong");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync("v1/doctor", cancellationToken);
            session.Tell(answer, () => session.Out.Table(
                ["CHECK", "", "WHAT", "WAY OUT"],
                answer.Items("checks").Select(check => (string?[])
                [
                    check.Text("name"), check.Flag("ok") ? "ok" : "WRONG", check.Text("detail"), check.Text("fix"),
                ])));
            return answer.Flag("ok") ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }
}
