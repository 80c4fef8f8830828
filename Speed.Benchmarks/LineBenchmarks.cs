using System.Text;
using BenchmarkDotNet.Attributes;
using Speed.Data;
using Speed.Deployments;

namespace Speed.Benchmarks;

/// <summary>A hundred thousand lines of output into a stored log, against reading the same lines with a StreamReader.</summary>
[MemoryDiagnoser]
public class LineBenchmarks : IDisposable
{
    private readonly byte[] _output = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(0, 100_000).Select(n => $"{n:D7} a line of ordinary length, as programs print them\n")));

    private readonly string _folder = Directory.CreateTempSubdirectory("speed-benchmark-").FullName;
    private DataDirectory _directory = null!;
    private LogDatabase _logs = null!;
    private long _id;

    [GlobalSetup]
    public void Open()
    {
        var options = new StoreOptions { DataDirectory = _folder };
        _directory = new DataDirectory(options);
        _logs = new LogDatabase(_directory, options, new Bell(), TimeProvider.System);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _logs.Dispose();
        _directory.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public int StreamReaderLines()
    {
        using var reader = new StreamReader(new MemoryStream(_output));
        var lines = 0;
        while (reader.ReadLine() is not null)
        {
            lines++;
        }

        return lines;
    }

    [Benchmark]
    public async Task<long> LogLines()
    {
        await using var log = await DeploymentLog.OpenAsync(++_id, _logs, TimeProvider.System, CancellationToken.None);
        await using var splitter = new LineSplitter(log, LogStream.Stdout);
        for (var at = 0; at < _output.Length; at += 32 * 1024)
        {
            await splitter.WriteAsync(_output.AsMemory(at, Math.Min(32 * 1024, _output.Length - at)), CancellationToken.None);
        }

        return log.LastN;
    }
}
