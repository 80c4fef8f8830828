using System.Text;
using BenchmarkDotNet.Attributes;
using Speed.Deployments;

namespace Speed.Benchmarks;

/// <summary>A hundred thousand lines of output into a log, against reading the same lines with a StreamReader.</summary>
[MemoryDiagnoser]
public class LineBenchmarks
{
    private readonly byte[] _output = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(0, 100_000).Select(n => $"{n:D7} a line of ordinary length, as programs print them\n")));

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
        await using var log = await DeploymentLog.OpenAsync(1, new Nowhere(), TimeProvider.System, CancellationToken.None);
        await using var splitter = new LineSplitter(log, LogStream.Stdout);
        for (var at = 0; at < _output.Length; at += 32 * 1024)
        {
            await splitter.WriteAsync(_output.AsMemory(at, Math.Min(32 * 1024, _output.Length - at)), CancellationToken.None);
        }

        return log.LastN;
    }

    private sealed class Nowhere : ILogStore
    {
        public Task<long> OpenAsync(long deploymentId, CancellationToken cancellationToken) => Task.FromResult(0L);

        public Task AppendAsync(long deploymentId, LogChunk chunk, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task AppendGapAsync(long deploymentId, LogGap gap, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<LogSummary> CloseAsync(long deploymentId, CancellationToken cancellationToken) =>
            Task.FromResult(LogSummary.Empty);

        public Task<LogSummary> SummarizeAsync(long deploymentId, CancellationToken cancellationToken) =>
            Task.FromResult(LogSummary.Empty);

        public Task<IReadOnlyList<LogEntry>> ReadAsync(long deploymentId, long after, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LogEntry>>([]);
    }
}
