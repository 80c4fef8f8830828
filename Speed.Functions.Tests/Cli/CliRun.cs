using System.Text.Json;
using Speed.Cli;
using Xunit;

namespace Speed.Tests.Cli;

/// <summary>A run of the command line within this process, and the words in which tests make some.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    /// <summary>The one document on the output; fails if there is anything else.</summary>
    public JsonElement AsJson() => JsonElement.Parse(Out);

    /// <summary>Runs it against an app, as somebody on its machine would.</summary>
    public static Task<CliRun> RunAsync(SpeedApp app, params string[] args) => RunAsync(EnvironmentOf(app), "", args);

    public static async Task<CliRun> RunAsync(
        Dictionary<string, string> environment, string input, params string[] args)
    {
        using var typed = new StringReader(input);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var terminal = new Terminal(typed, output, error) { Environment = environment };
        var code = await CommandLine.RunAsync(args, terminal, TestContext.Current.CancellationToken);
        return new CliRun(code, output.ToString(), error.ToString());
    }

    public static Dictionary<string, string> EnvironmentOf(SpeedApp app) => new()
    {
        ["SPEED_SERVER"] = app.Client.BaseAddress!.ToString(),
        ["Speed__DataDirectory"] = app.DataDirectory,
    };

    /// <summary>Asserts that it did what was asked.</summary>
    public CliRun Done()
    {
        Assert.True(Code == 0, $"{this}");
        return this;
    }
}
