using System.Text;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Judge;

/// <summary>Drives the real engine: what Dockerfiles have it ask for, SPEED has seen or refused.</summary>
/// <remarks>
/// The engine builds each text as it is, past SPEED, while a listener and a registry on loopback note what they are asked
/// for. SPEED never lets anybody ask loopback: so it must have refused such a text. What it lets pass it builds in its own
/// way, and then nobody may be asked either.
/// </remarks>
[Trait("Engine", "Both")]
public sealed class HostileTests
{
    private const int AtOnce = 6;

    private const string Variables = "FROM scratch\nENV SCHEME=http DIR=/\n";
    private const string Trigger = "FROM scratch\nENV A=1\nONBUILD ARG WHERE\nONBUILD ADD http://$WHERE/x /x\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task Nothing_is_fetched_that_SPEED_did_not_see(Sandbox builder)
    {
        await using var trial = await HostileTrial.OpenAsync(builder, Variables, Trigger, Token);

        // Each builder has its half of them.
        var count = Scale.HostileDockerfiles / 2;
        var first = (Scale.Seed * 2_000) + (builder == Sandbox.Standard ? 0 : count);
        await trial.TryAsync(
            Enumerable.Range(first, count).Select<int, Func<int, HostileDockerfile>>(seed =>
                port => HostileWriter.Write(seed, port, trial.Variables, trial.Trigger)),
            AtOnce, Token);

        Assert.True(trial.Faults.Count == 0, string.Join('\n', trial.Faults));

        // Neither are the texts harmless, nor does SPEED refuse whatever there is.
        Assert.InRange(trial.Fetched, count / 8, count);
        Assert.InRange(trial.Passed, count / 32, count);
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task Nor_by_the_forms_that_people_thought_of(Sandbox builder)
    {
        await using var trial = await HostileTrial.OpenAsync(builder, Variables, Trigger, Token);

        await trial.TryAsync(
            JudgeCase.ReadAll("Hostile").Select<JudgeCase, Func<int, HostileDockerfile>>(one => port => Of(one, port)),
            AtOnce, Token);

        Assert.True(trial.Faults.Count == 0, string.Join('\n', trial.Faults));

        HostileDockerfile Of(JudgeCase one, int port) => new(0, Encoding.Latin1.GetBytes(Named(Encoding.Latin1.GetString(one.Files[0].Content), port)))
        {
            BuildArgs = one.BuildArgs.ToDictionary(arg => arg.Key, arg => Named(arg.Value, port)),
            Target = one.Target,
        };

        string Named(string text, int port) => text.Replace("{host}", $"127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("{port}", $"{port}", StringComparison.Ordinal)
            .Replace("{variables}", trial.Variables, StringComparison.Ordinal)
            .Replace("{trigger}", trial.Trigger, StringComparison.Ordinal);
    }
}
