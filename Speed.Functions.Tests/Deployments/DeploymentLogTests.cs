using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Deployments;

/// <summary>Drives nothing but a rule: any bytes, in any pieces, become lines.</summary>
public sealed class DeploymentLogTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly MemoryLogStore _store = new();

    [Fact]
    public async Task Any_bytes_in_any_pieces_come_back_line_by_line() =>
        await Gen.Select(Gen.Char["ab\nü€😀"].Array[0, 400], Gen.Int[1, 50]).SampleAsync(async (chars, piece) =>
        {
            var text = new string(chars);

            var lines = await WriteAsync(Encoding.UTF8.GetBytes(text), piece);

            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            Assert.Equal(expected.EndsWith('\n') || expected.Length == 0 ? expected : expected + '\n', Join(lines));
            Assert.Equal(Enumerable.Range(1, lines.Count).Select(n => (long)n), lines.Select(line => line.N));
        });

    [Fact]
    public async Task A_long_line_is_split_where_no_character_is_cut()
    {
        var text = string.Concat(Enumerable.Repeat("€uro😀", 20_000));

        var lines = await WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), 5_000);

        Assert.Equal(text + "\n", Join(lines));
        Assert.All(lines, line => Assert.InRange(Encoding.UTF8.GetByteCount(line.Text), 1, LineSplitter.MaxLineBytes));
        Assert.All(lines.SkipLast(1), line => Assert.True(line.Continues));
        Assert.False(lines[^1].Continues);
    }

    [Fact]
    public async Task A_long_line_of_noise_stays_within_the_limit()
    {
        var noise = new byte[100_000];
        new Random(3).NextBytes(noise);
        noise.AsSpan().Replace((byte)'\n', (byte)' ');

        var lines = await WriteAsync(noise, 7_000);

        Assert.All(lines, line => Assert.InRange(Encoding.UTF8.GetByteCount(line.Text), 1, LineSplitter.MaxLineBytes));
    }

    [Fact]
    public async Task What_is_not_utf8_becomes_the_replacement_character()
    {
        var lines = await WriteAsync([0x61, 0xFF, 0x62, (byte)'\n'], 10);

        Assert.Equal("a\uFFFDb", lines.Single().Text);
    }

    [Fact]
    public async Task A_line_is_stored_a_moment_after_it_was_written_without_another_one()
    {
        var time = new FakeTimeProvider();
        await using var log = await DeploymentLog.OpenAsync(1, _store, time, None);

        await log.SayAsync("only one", None);
        Assert.Empty(_store.Lines(1));
        while (_store.Lines(1).Count == 0)
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.Equal(["only one"], _store.Lines(1));
    }

    [Fact]
    public async Task A_log_that_is_opened_again_goes_on_where_it_ended()
    {
        await using (var first = await DeploymentLog.OpenAsync(1, _store, TimeProvider.System, None))
        {
            await first.SayAsync("one\ntwo", None);
            await first.FlushAsync();
        }

        await using var second = await DeploymentLog.OpenAsync(1, _store, TimeProvider.System, None);
        await second.NoteGapAsync("restarted", None);
        await second.SayAsync("four", None);
        await second.CloseAsync();

        var entries = await _store.ReadAsync(1, 0, None);
        Assert.Equal([1, 2, 3, 4], entries.Select(entry => entry.Last));
        Assert.IsType<LogGap>(entries[2]);
    }

    private static async Task<List<LogLine>> WriteAsync(byte[] bytes, int piece)
    {
        var store = new MemoryLogStore();
        await using var log = await DeploymentLog.OpenAsync(1, store, TimeProvider.System, None);
        await using (var splitter = new LineSplitter(log, LogStream.Stdout))
        {
            foreach (var part in bytes.Chunk(piece))
            {
                await splitter.WriteAsync(part, None);
            }
        }

        await log.CloseAsync();
        return [.. (await store.ReadAsync(1, 0, None)).Cast<LogLine>()];
    }

    private static string Join(IEnumerable<LogLine> lines) =>
        string.Concat(lines.Select(line => line.Text + (line.Continues ? "" : "\n")));
}
