using System.Diagnostics;

namespace Speed.Tests.Hosting;

/// <summary>SPEED as a process of its own, on a free loopback port; it starts nothing.</summary>
internal static class SpeedProgram
{
    public static Process Start(string data, params (string Name, string Value)[] settings) =>
        Start(["dotnet"], data, settings);

    /// <param name="under">The program that runs it, with what comes before SPEED's own file.</param>
    public static Process Start(string[] under, string data, params (string Name, string Value)[] settings) =>
        Start(under, data, [], settings);

    /// <param name="arguments">Behind SPEED's own file.</param>
    public static Process Start(string[] under, string data, string[] arguments, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(under[0], [.. under[1..], typeof(Speed.Endpoints.Refusal).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["Speed__DataDirectory"] = data,
                ["Speed__Urls"] = "http://127.0.0.1:0",
                ["Speed__MaxRunning"] = "0",
            },
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>What it prints until it listens, or until its end.</summary>
    public static async Task<(bool Listens, string Printed)> ReadStartAsync(
        Process speed, CancellationToken cancellationToken)
    {
        var printed = "";
        while (await speed.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            printed += line + "\n";
            if (line.Contains("curl http://127.0.0.1:", StringComparison.Ordinal))
            {
                return (true, printed);
            }
        }

        return (false, printed);
    }
}
