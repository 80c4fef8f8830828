using System.Globalization;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>How much is broken in a run: little in each run of the tests, more where the environment says so.</summary>
internal static class Scale
{
    /// <summary>Kills at random instants.</summary>
    public static int Kills => Read("SPEED_CHAOS", 25);

    /// <summary>Faults of the engine.</summary>
    public static int EngineFaults => Read("SPEED_CHAOS_ENGINE", 10);

    /// <summary>Stops in good order.</summary>
    public static int Stops => Read("SPEED_CHAOS_STOPS", 10);

    /// <summary>By which a run can be repeated, as far as the machine lets it.</summary>
    public static int Seed { get; } = Read("SPEED_CHAOS_SEED", Random.Shared.Next(1, 1_000_000));

    /// <summary>Tells whoever runs the tests.</summary>
    public static void Say(string text)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Console.WriteLine($"chaos: {text}");
    }

    private static int Read(string name, int unlessSet) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : unlessSet;
}
