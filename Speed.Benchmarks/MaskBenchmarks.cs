using System.Text;
using BenchmarkDotNet.Attributes;
using Speed.Deployments;

namespace Speed.Benchmarks;

/// <summary>Masking eight megabytes of output that has no secret in it, against counting its line feeds.</summary>
public class MaskBenchmarks
{
    private const int PieceLength = 32 * 1024;

    private static readonly string Token = $"spl_1_1_{new string('T', 20)}{new string('k', 23)}";

    private readonly byte[] _output = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(0, 120_000).Select(n => $"{n:D7} a line of ordinary length, as programs print them: {n}\n")));

    private readonly Masker _token = Masker.Of([Token]);
    private readonly Masker _some = Masker.Of([Token, "hunter22", "another, longer secret", "a\nprivate\nkey\nof\nsome\nlines"]);

    [Benchmark(Baseline = true)]
    public int CountLines() => _output.AsSpan().Count((byte)'\n');

    [Benchmark]
    public int MaskNothing() => Mask(Masker.None);

    [Benchmark]
    public int MaskTheTokenAlone() => Mask(_token);

    [Benchmark]
    public int MaskSomeSecrets() => Mask(_some);

    private int Mask(Masker masker)
    {
        var mask = new StreamMask(masker);
        var length = 0;
        for (var at = 0; at < _output.Length; at += PieceLength)
        {
            length += mask.Add(_output.AsMemory(at, Math.Min(PieceLength, _output.Length - at))).Length;
        }

        return length + mask.End().Length;
    }
}
