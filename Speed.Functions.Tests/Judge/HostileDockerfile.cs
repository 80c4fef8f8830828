using System.Text;

namespace Speed.Tests.Judge;

/// <summary>A Dockerfile whose author knows that somebody reads it before the engine does.</summary>
/// <param name="Seed">What <see cref="HostileWriter"/> wrote it from.</param>
internal sealed record HostileDockerfile(int Seed, byte[] Text)
{
    /// <summary>A file that is in the context.</summary>
    public const string File = "f";

    public IReadOnlyDictionary<string, string> BuildArgs { get; init; } = new Dictionary<string, string>();

    public string? Target { get; init; }

    /// <summary>As it is told to people: what cannot be seen is escaped.</summary>
    public override string ToString()
    {
        var shown = string.Concat(Encoding.Latin1.GetString(Text).Select(one =>
            one is '\n' or (>= ' ' and <= '~') ? one.ToString() : $"\\x{(int)one:x2}"));
        var arguments = string.Concat(BuildArgs.Select(arg => $"--build-arg {arg.Key}={arg.Value} "));
        return $"seed {Seed} {arguments}{(Target is null ? "" : $"--target {Target}")}\n{shown}\n";
    }
}
