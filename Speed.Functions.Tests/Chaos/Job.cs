namespace Speed.Tests.Chaos;

/// <summary>What a deployment of the crowd does. All are of one repository.</summary>
/// <param name="Lines">How many lines <c>line 1</c>, <c>line 2</c> … it prints if nothing stops it.</param>
/// <param name="Builds">It has an image of its own to build.</param>
internal sealed record Job(string Name, string Script, int Lines = 0, bool Builds = false)
{
    /// <summary>The repository's Dockerfile: without <c>N</c> one image for all, with it a new one.</summary>
    public const string Dockerfile = "FROM busybox\nARG N=0\nRUN echo building $N; [ $N = 0 ] || sleep 0.5\n";

    private static int _builds;

    public static IReadOnlyList<Job> All { get; } =
    [
        new("quick", "echo line 1", Lines: 1),
        new("failing", "echo line 1; exit 3", Lines: 1),
        new("building", "echo line 1", Lines: 1, Builds: true),
        new("chatty", Numbered(300, "[ $((i % 30)) -ne 0 ] || sleep 0.1"), Lines: 300),
        new("slow", Numbered(30, "sleep 0.1"), Lines: 30),
    ];

    /// <summary>Members of a body of <c>/start</c>.</summary>
    public object Options => new
    {
        command = new[] { "sh", "-c", Script },
        build_args = Builds ? new Dictionary<string, string> { ["N"] = $"{Interlocked.Increment(ref _builds)}" } : [],
        resources = new { memory_mb = 64, cpus = 1, pids = 64 },
    };

    /// <summary>Prints so many lines, with something between them.</summary>
    public static string Numbered(int lines, string between) =>
        $"trap 'exit 0' TERM; i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i; {between}; done";
}
