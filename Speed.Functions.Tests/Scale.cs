using System.Globalization;
using Xunit;

namespace Speed.Tests;

/// <summary>
/// How much the long tests do: a sample in each run of the tests, all of it where <c>SPEED_LONG</c> is <c>1</c>, as
/// <c>eng/test --long</c> sets it. Each has a switch of its own too, which wins.
/// </summary>
internal static class Scale
{
    /// <summary>Kills of SPEED at random instants.</summary>
    public static int Kills => Read("SPEED_CHAOS", sample: 8, all: 500);

    /// <summary>Faults of the engine: each third one a kill, a stop, a freeze.</summary>
    public static int EngineFaults => Read("SPEED_CHAOS_ENGINE", sample: 3, all: 100);

    /// <summary>Stops in good order.</summary>
    public static int Stops => Read("SPEED_CHAOS_STOPS", sample: 3, all: 50);

    /// <summary>Services that are up when SPEED or its engine is killed.</summary>
    public static int Services => Read("SPEED_CHAOS_SERVICES", sample: 4, all: 10);

    /// <summary>Answers of which a trace of the kernel proves that they left after their fsync.</summary>
    public static int Answers => Read("SPEED_CHAOS_ANSWERS", sample: 300, all: 1000);

    /// <summary>Deployments that are started at once.</summary>
    public static int Deployments => Read("SPEED_LOAD", sample: 24, all: 100);

    /// <summary>Swaps of a service while clients ask it.</summary>
    public static int Swaps => Read("SPEED_SWAPS", sample: 3, all: 200);

    /// <summary>Deployments that a list is read through.</summary>
    public static int Listed => Read("SPEED_LISTED", sample: 20_000, all: 100_000);

    /// <summary>Megabytes of a build's context.</summary>
    public static int ContextMegabytes => Read("SPEED_CONTEXT_MB", sample: 30, all: 100);

    /// <summary>Watchers of one log.</summary>
    public static int Watchers => Read("SPEED_WATCHERS", sample: 500, all: 2000);

    /// <summary>Random stories that are told to the store and to its model.</summary>
    public static int Stories => Read("SPEED_TEST_STORIES", sample: 500, all: 100_000);

    /// <summary>Random stories of services and where their data must be.</summary>
    public static int VolumeStories => Read("SPEED_VOLUME_STORIES", sample: 16, all: 200);

    /// <summary>Requests made from the API's document.</summary>
    public static int Requests => Read("SPEED_FUZZ", sample: 4_000, all: 100_000);

    /// <summary>Dockerfiles that plain <c>docker build</c> builds too, with each builder.</summary>
    public static int JudgedDockerfiles => Read("SPEED_JUDGE_DOCKERFILES", sample: 12, all: 1000);

    /// <summary>Ignore files that plain <c>docker build</c> obeys too, with each builder.</summary>
    public static int JudgedIgnoreFiles => Read("SPEED_JUDGE_IGNORE_FILES", sample: 6, all: 1000);

    /// <summary>Dockerfiles that want to have the engine fetch something, half of them with each builder.</summary>
    public static int HostileDockerfiles => Read("SPEED_HOSTILE", sample: 200, all: 2000);

    /// <summary>Clients that mean harm, at the proxy, over each version of HTTP.</summary>
    public static int ProxyAttacks => Read("SPEED_PROXY_ATTACKS", sample: 400, all: 20_000);

    /// <summary>By which a run can be repeated, as far as the machine lets it.</summary>
    public static int Seed { get; } = Read("SPEED_CHAOS_SEED") ?? Random.Shared.Next(1, 1_000_000);

    /// <summary>Tells whoever runs the tests.</summary>
    public static void Say(string text)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Console.WriteLine($"chaos: {text}");
    }

    private static bool IsLong => Environment.GetEnvironmentVariable("SPEED_LONG") == "1";

    private static int Read(string name, int sample, int all) =>
        Environment.GetEnvironmentVariable(name) == "all" ? all : Read(name) ?? (IsLong ? all : sample);

    private static int? Read(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
