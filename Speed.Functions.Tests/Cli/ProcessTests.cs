using System.Diagnostics;
using System.Text.Json;
using Speed.Cli;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>Drives a process: the command line as people start it, over a whole SPEED.</summary>
public sealed class ProcessTests
{
    private const string Url = "https://example.com/r.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_exit_code_says_what_came_of_it_and_its_output_is_one_document()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var running = RunAsync(app, "deploy", Url, "--json");
        var claim = await app.ClaimAsync();
        await app.LogAsync(claim.Id, Act.Line(1, "working"));
        await app.FailAsync(claim);

        var (code, output, error) = await running;
        var refused = await RunAsync(app, "deploy", "nonsense", "--json");

        Assert.Equal((1, "Failed"), (code, JsonElement.Parse(output).GetProperty("status").GetString()));
        Assert.Equal($"Deployment 1 of {Url}\nworking\n", error);
        Assert.Equal((2, ""), (refused.Code, refused.Out));
    }

    [Fact]
    public async Task Ctrl_C_leaves_the_deployment_going()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        using var process = Start(app, "deploy", Url);
        var claim = await app.ClaimAsync();
        await app.LogAsync(claim.Id, Act.Line(1, "working"));
        while (await process.StandardError.ReadLineAsync(Now) is { } line && line != "working")
        {
        }

        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(Now);
        }

        Assert.Contains(
            "Deployment 1 goes on.", await process.StandardError.ReadToEndAsync(Now), StringComparison.Ordinal);
        await process.WaitForExitAsync(Now);
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("Running", (await app.InfoAsync(1)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task It_ends_when_nobody_reads_its_output_any_more()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync(Url);
        await app.LogAsync(1, Act.Line(1, "one"));
        using var process = Start(app, "logs", "1", "--follow");
        Assert.Equal("one", await process.StandardOutput.ReadLineAsync(Now));

        process.StandardOutput.Close();
        await app.LogAsync(1, Act.Line(2, "two"));

        try
        {
            await process.WaitForExitAsync(Now).WaitAsync(TimeSpan.FromMinutes(1), Now);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        Assert.Equal(3, process.ExitCode);
        Assert.StartsWith(
            "speed: The output cannot be written: ", await process.StandardError.ReadToEndAsync(Now),
            StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(SpeedApp app, params string[] args)
    {
        using var process = Start(app, args);
        var error = process.StandardError.ReadToEndAsync(Now);
        var output = await process.StandardOutput.ReadToEndAsync(Now);
        await process.WaitForExitAsync(Now);
        return (process.ExitCode, output, await error);
    }

    private static Process Start(SpeedApp app, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in CliRun.EnvironmentOf(app))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
