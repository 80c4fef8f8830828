using System.CommandLine;

namespace Speed.Cli.Commands;

/// <summary>Volumes are listed, and their data taken out and in.</summary>
internal static class VolumesCommand
{
    private const string Description = "Volumes of services, which outlive their containers";

    public static Command Create(GlobalOptions globals) => new("volumes", Description)
    {
        List(globals), Export(globals), Import(globals),
    };

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "List volumes: whose they are, and what has them");
        globals.Run(command, async (session, cancellationToken) =>
        {
            var answer = await session.Speed.GetAsync("v1/volumes", cancellationToken);
            return session.Tell(answer, () => session.Out.Table(
                ["VOLUME", "STATE", "NAME", "REPOSITORY", "BRANCH", "SUBDIRECTORY", "SERVICE", "DEPLOYMENTS"],
                answer.Items("items").Select(item => (string?[])
                [
                    item.Text("engine_name"), item.Text("state"), item.Text("name"), item.Text("repository"),
                    item.Text("branch"), item.Text("subdirectory"), item.Text("service"), item.List("deployments"),
                ])));
        });
        return command;
    }

    private static Command Export(GlobalOptions globals)
    {
        var volume = Volume();
        var output = Asked.Text("--output", "FILE", "Where the tar goes; else standard output");
        var command = new Command("export", "Write all that is in a volume as a tar") { volume, output };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var name = session.Asked.GetRequiredValue(volume);
            var file = session.Asked.GetValue(output);
            if (file is null && session.Terminal.IsOutTerminal)
            {
                throw SpeedException.Refused("A tar is nothing for a terminal: name a file with --output, or use a pipe.");
            }

            await using var into = file is null ? session.Terminal.OpenOut() : Create(file);
            await session.Speed.DownloadAsync($"v1/volumes/{Uri.EscapeDataString(name)}/export", into, cancellationToken);
            session.Error.Line($"Volume {name} is exported{(file is null ? "" : $" to {file}")}.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Import(GlobalOptions globals)
    {
        var volume = Volume();
        var input = Asked.Text("--input", "FILE", "The tar; else standard input");
        var command = new Command("import", "Unpack a tar into a volume that no deployment has at the moment, over what is there")
        {
            volume, input,
        };
        globals.Run(command, async (session, cancellationToken) =>
        {
            var name = session.Asked.GetRequiredValue(volume);
            var file = session.Asked.GetValue(input);
            if (file is null && session.Terminal.IsInTerminal)
            {
                throw SpeedException.Refused("A tar does not come from a terminal: name a file with --input, or use a pipe.");
            }

            await using var from = file is null ? session.Terminal.OpenIn() : Open(file);
            await session.Speed.UploadAsync(
                $"v1/volumes/{Uri.EscapeDataString(name)}/import", from, "application/x-tar", cancellationToken);
            session.Error.Line($"Volume {name} is filled.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> Volume() => new("volume") { Description = "Its name on the engine, as the list has it" };

    private static FileStream Create(string file) => OfFile(() => new FileStream(file, FileMode.CreateNew, FileAccess.Write));

    private static FileStream Open(string file) => OfFile(() => new FileStream(file, FileMode.Open, FileAccess.Read));

    private static FileStream OfFile(Func<FileStream> open)
    {
        try
        {
            return open();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SpeedException.Refused(fault.Message);
        }
    }
}
