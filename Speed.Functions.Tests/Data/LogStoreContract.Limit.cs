using System.Text;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class LogStoreContract
{
    [Fact]
    public async Task A_log_below_its_limit_keeps_every_line()
    {
        MaxBytes = 10_000;
        await Store.OpenAsync(Id, Token);
        for (var n = 1; n <= 100; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, new string('x', 99)), Token);
        }

        var summary = await Store.CloseAsync(Id, Token);

        Assert.Equal(new LogSummary(100, 10_000, true, Fingerprint(await ReadAllAsync()).Sha256), summary);
    }

    [Fact]
    public async Task Beyond_its_limit_a_log_keeps_head_and_tail_with_one_gap_between()
    {
        MaxBytes = 10_000;
        await Store.OpenAsync(Id, Token);
        for (var n = 1; n <= 1000; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, new string('x', 99)), Token);
        }

        var summary = await Store.CloseAsync(Id, Token);

        var entries = await ReadAllAsync();
        AssertDense(entries, 1000);
        var gap = Assert.Single(entries.OfType<LogGap>());
        Assert.Equal(new LogGap(51, 950, "over the log limit of 10000 bytes", 90_000), gap);
        Assert.Equal(new LogSummary(1000, 10_000, false, Fingerprint(entries).Sha256), summary);
    }

    [Fact]
    public async Task The_newest_lines_are_kept_whatever_their_size()
    {
        MaxBytes = 1_000;
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, new string('x', 2_999)), Token);
        Assert.Equal([1], (await ReadAllAsync()).OfType<LogLine>().Select(line => line.N));

        await Store.AppendAsync(Id, Chunk(2, "y"), Token);

        Assert.Equal(
            [new LogGap(1, 1, "over the log limit of 1000 bytes", 3_000), Line(2, "y")], await ReadAllAsync());
    }

    [Fact]
    public async Task A_reader_within_the_gap_is_told_the_rest_of_it_without_bytes()
    {
        MaxBytes = 1_000;
        await Store.OpenAsync(Id, Token);
        for (var n = 1; n <= 100; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, new string('x', 99)), Token);
        }

        var entries = await ReadAllAsync(after: 50);

        Assert.Equal(new LogGap(51, 95, "over the log limit of 1000 bytes", null), entries[0]);
        Assert.Equal(new LogGap(6, 95, "over the log limit of 1000 bytes", 9_000), (await ReadAllAsync(after: 5))[0]);
        Assert.Equal([96, 97, 98, 99, 100], entries.Skip(1).Select(entry => entry.Last));
    }

    [Fact]
    public async Task A_gap_of_unknown_size_makes_the_dropped_bytes_unknown_too()
    {
        MaxBytes = 1_000;
        await Store.OpenAsync(Id, Token);
        for (var n = 1; n <= 40; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, new string('x', 99)), Token);
        }

        await Store.AppendGapAsync(Id, new LogGap(41, 41, "the engine restarted", null), Token);
        for (var n = 42; n <= 80; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, new string('x', 99)), Token);
        }

        Assert.Equal(
            new LogGap(6, 75, "over the log limit of 1000 bytes", null),
            Assert.Single((await ReadAllAsync()).OfType<LogGap>()));
        AssertDense(await ReadAllAsync(), 80);
    }

    [Fact]
    public async Task Whatever_is_written_every_line_is_there_or_in_the_gap_that_counts_its_bytes()
    {
        // A chunk always fits into half of it, as 64 KiB do into half of the least limit.
        MaxBytes = 8_000;
        var lines = Gen.Select(
            Gen.String[Gen.Char[" aü雪\t"], 0, 60], Gen.Bool, Gen.Int[-1_000, 100_000], Gen.Enum<LogStream>());
        var chunks = Gen.Select(lines.List[1, 20], Gen.Int[0, 10]).List[1, 30];
        var id = 0L;

        await chunks.SampleAsync(
            async written => await WriteAndCheckAsync(Interlocked.Increment(ref id), written), iter: 300, threads: 1);
    }

    private async Task WriteAndCheckAsync(
        long id, List<(List<(string Text, bool Continues, int At, LogStream Stream)> Lines, int Lost)> written)
    {
        await Store.OpenAsync(id, Token);
        var (all, raw) = (new List<LogLine>(), new Dictionary<long, long>());
        foreach (var (texts, lost) in written)
        {
            LogLine[] lines = [.. texts.Select((line, i) => new LogLine(
                all.Count + 1 + i, Time.GetUtcNow().AddMilliseconds(line.At), DeploymentPhase.Build, line.Stream,
                line.Text, line.Continues))];
            raw[lines[^1].N] = lines.Sum(line => Encoding.UTF8.GetByteCount(line.Text)) + lost;
            await Store.AppendAsync(id, new LogChunk(lines, raw[lines[^1].N]), Token);
            all.AddRange(lines);
        }

        var summary = await Store.CloseAsync(id, Token);
        var entries = await ReadAllAsync(id);
        AssertDense(entries, all.Count);
        Assert.All(entries.OfType<LogLine>(), line => Assert.Equal(all[(int)line.N - 1], line));
        Assert.All(entries.OfType<LogGap>(), gap => Assert.Equal(
            raw.Where(chunk => chunk.Key >= gap.From && chunk.Key <= gap.To).Sum(chunk => chunk.Value), gap.Bytes));
        var total = all.Sum(line => Encoding.UTF8.GetByteCount(line.Text) + (line.Continues ? 0 : 1));
        Assert.Equal(total > MaxBytes ? 1 : 0, entries.OfType<LogGap>().Count());
        Assert.InRange(summary.Bytes, 0, MaxBytes);
        Assert.Equal(
            (all.Count, total <= MaxBytes, Fingerprint(entries)),
            (summary.Lines, summary.Complete, (summary.Bytes, summary.Sha256!)));
    }
}
