using System.Collections;
using Microsoft.Win32.SafeHandles;

namespace Speed.Cli;

/// <summary>
/// What a run of the command line reads from and writes to: data to one output, all else to the other.
/// </summary>
public sealed class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    private const int StandardOutput = 1;

    public TextReader In { get; } = input;

    /// <summary>For data.</summary>
    public TextWriter Out { get; } = output;

    /// <summary>For progress, notes and faults.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>The environment's variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Standard input, for what is no text.</summary>
    public Func<Stream> OpenIn { get; init; } = Console.OpenStandardInput;

    /// <summary>Standard output, for what is no text.</summary>
    public Func<Stream> OpenOut { get; init; } = Console.OpenStandardOutput;

    /// <summary>True where somebody types: they are asked then.</summary>
    public bool IsInTerminal { get; init; }

    public bool IsOutTerminal { get; init; }

    public bool IsErrorTerminal { get; init; }

    internal Screen OutScreen => field ??= new Screen(Out, IsOutTerminal, HasColors);

    internal Screen ErrorScreen => field ??= new Screen(Error, IsErrorTerminal, HasColors);

    // https://no-color.org: set, and not empty.
    private bool HasColors => Find("NO_COLOR") is null && Find("TERM") != "dumb";

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(Console.In, OutOfProcess(), Console.Error)
    {
        Environment = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? ""),
        IsInTerminal = !Console.IsInputRedirected,
        IsOutTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };

    // The console goes on without a word where nobody reads a pipe any more, as behind `| head`; a stream throws. A file
    // stays the console's: a stream would keep a position of its own, and write over what others write there.
    private static TextWriter OutOfProcess()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
        {
            return Console.Out;
        }

        var stream = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? Console.Out : new StreamWriter(stream, Console.OutputEncoding) { AutoFlush = true };
    }

    /// <summary>A variable of the environment; null where it is empty or not set.</summary>
    internal string? Find(string variable) =>
        Environment.TryGetValue(variable, out var value) && value.Length > 0 ? value : null;
}
