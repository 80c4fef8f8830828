using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Speed.Tests;

/// <summary>
/// Clears what this process inherited and no test may depend on, before anything looks at it: what tests start inherits
/// nothing odd either. <c>eng/odd</c> is the other side of it.
/// </summary>
internal static class Inherited
{
    private const int LastSignal = 31;
    private const int Kill = 9;
    private const int Pipe = 13;
    private const int Stop = 19;

    private const int UserWritesOthersRead = 0b000_010_010;
    private const int ReadOnly = 0;
    private const int StandardInput = 0;

    // Where programs, temporary files and .NET itself are; which engine it is and how to speak to it; whom to trust;
    // the zone and the language, for SPEED is the same in all of them; and what the test runner goes by.
    private static readonly string[] Kept =
    [
        "PATH", "TMPDIR", "TZ", "LANG", "LANGUAGE", "TERM", "NO_COLOR", "CI", "USER", "LOGNAME",
        "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ];

    private static readonly string[] KeptPrefixes =
        ["LC_", "DOTNET_ROOT", "DOTNET_HOST_PATH", "TESTINGPLATFORM_", "SPEED_"];

    // Read by the command line; the other SPEED_… are the tests' own switches.
    private static readonly string[] Switches = ["SPEED_SERVER", "SPEED_TOKEN"];

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "This is a program: nothing else can run as early.")]
    internal static void Clear()
    {
        ClearEnvironment();
        Directory.SetCurrentDirectory(AppContext.BaseDirectory);
        if (!OperatingSystem.IsWindows())
        {
            _ = SetCreationMask(UserWritesOthersRead);
            if (OperatingSystem.IsLinux())
            {
                HearSignals();
            }

            ReadNothing();
        }
    }

    private static void ClearEnvironment()
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (Switches.Contains(name) || !(Kept.Contains(name) || KeptPrefixes.Any(name.StartsWith)))
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }

        // Tests tell nobody that they run.
        Environment.SetEnvironmentVariable("TESTINGPLATFORM_TELEMETRY_OPTOUT", "1");

        // What they start is over before profiling its code has paid; as in this program's own project file.
        Environment.SetEnvironmentVariable("DOTNET_TieredPGO", "0");

        // An account without a past: what somebody set for git or docker in the real one does not count.
        var home = Directory.CreateTempSubdirectory("speed-home-").FullName;
        Environment.SetEnvironmentVariable("HOME", home);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(home, recursive: true);
    }

    // Ignored is the one state of a signal that outlives the start of a program: a shell's background jobs ignore
    // SIGINT, and what nohup starts SIGHUP. SIGPIPE is .NET's own to ignore.
    private static void HearSignals()
    {
        for (var signal = 1; signal <= LastSignal; signal++)
        {
            if (signal is not (Kill or Pipe or Stop) && IsIgnored(signal))
            {
                _ = SetHandler(signal, IntPtr.Zero);
            }
        }
    }

    private static bool IsIgnored(int signal)
    {
        const string Ignored = "SigIgn:\t";
        var mask = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(Ignored, StringComparison.Ordinal));
        return (Convert.ToUInt64(mask[Ignored.Length..], 16) & (1UL << (signal - 1))) != 0;
    }

    // Nobody types, and a terminal's keys reach no program that a test starts.
    private static void ReadNothing()
    {
        var nothing = Open("/dev/null", ReadOnly);
        _ = Duplicate(nothing, StandardInput);
        if (nothing != StandardInput)
        {
            _ = Close(nothing);
        }
    }

    [DllImport("libc", EntryPoint = "umask")]
    private static extern uint SetCreationMask(uint mask);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern IntPtr SetHandler(int signal, IntPtr handler);

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int Open(string path, int flags);

    [DllImport("libc", EntryPoint = "dup2")]
    private static extern int Duplicate(int handle, int target);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
