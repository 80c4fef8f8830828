using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class LogStoreContract
{
    [Fact]
    public async Task Lines_come_back_as_they_were_written()
    {
        LogLine[] lines =
        [
            new(1, Time.GetUtcNow(), DeploymentPhase.Clone, LogStream.Speed, "fetching", false),
            new(2, Time.GetUtcNow().AddHours(3), DeploymentPhase.Build, LogStream.Stdout, "", false),
            new(3, Time.GetUtcNow().AddSeconds(-1), DeploymentPhase.Run, LogStream.Stderr, "naïve 雪 🚀 \0\t", true),
            new(4, Time.GetUtcNow(), DeploymentPhase.Run, LogStream.Stdout, new string('x', 16 * 1024), false),
        ];
        Assert.Equal(0, await Store.OpenAsync(Id, Token));

        await Store.AppendAsync(Id, new LogChunk(lines, 1), Token);

        Assert.Equal(lines, await ReadAllAsync());
    }

    [Fact]
    public async Task A_reader_who_returns_gets_only_what_follows()
    {
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, "a", "b", "c"), Token);
        await Store.AppendAsync(Id, Chunk(4, "d"), Token);

        Assert.Equal([3, 4], (await Store.ReadAsync(Id, 2, Token)).Select(entry => entry.Last));
        Assert.Equal([4], (await Store.ReadAsync(Id, 3, Token)).Select(entry => entry.Last));
        Assert.Empty(await Store.ReadAsync(Id, 4, Token));
        Assert.Empty(await Store.ReadAsync(Id + 1, 0, Token));
    }

    [Fact]
    public async Task The_bell_rings_with_new_lines_and_at_the_close()
    {
        await Store.OpenAsync(Id, Token);

        var appended = Bell.Next(Id);
        await Store.AppendAsync(Id, Chunk(1, "a"), Token);
        Assert.True(appended.IsCompletedSuccessfully);

        var closed = Bell.Next(Id);
        await Store.CloseAsync(Id, Token);
        Assert.True(closed.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_closed_log_tells_its_size_and_fingerprint()
    {
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, "a", "ü"), Token);
        LogLine[] cut = [Line(3, "first ") with { Continues = true }, Line(4, "half")];
        await Store.AppendAsync(Id, new LogChunk(cut, 11), Token);
        Assert.Equal(new LogSummary(4, 16, false, null), await Store.SummarizeAsync(Id, Token));

        var summary = await Store.CloseAsync(Id, Token);

        var (bytes, sha256) = Fingerprint(await ReadAllAsync());
        Assert.Equal(new LogSummary(4, bytes, true, sha256), summary);
        Assert.Equal(summary, await Store.SummarizeAsync(Id, Token));
        Assert.Equal(summary, await Store.CloseAsync(Id, Token));
    }

    [Fact]
    public async Task A_log_that_was_never_opened_closes_empty()
    {
        Assert.Equal(LogSummary.Empty, await Store.SummarizeAsync(Id, Token));

        var summary = await Store.CloseAsync(Id, Token);

        Assert.Equal(new LogSummary(0, 0, true, Fingerprint([]).Sha256), summary);
    }

    [Fact]
    public async Task A_gap_has_its_place_among_the_lines()
    {
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, "a"), Token);
        await Store.AppendGapAsync(Id, new LogGap(2, 2, "the engine restarted", null), Token);
        await Store.AppendAsync(Id, Chunk(3, "c"), Token);

        var summary = await Store.CloseAsync(Id, Token);

        Assert.Equal(
            [Line(1, "a"), new LogGap(2, 2, "the engine restarted", null), Line(3, "c")], await ReadAllAsync());
        Assert.Equal((3L, 4L, false), (summary.Lines, summary.Bytes, summary.Complete));
    }

    [Fact]
    public async Task A_log_goes_on_after_a_restart_even_if_it_was_closed()
    {
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, "a", "b"), Token);
        await Store.CloseAsync(Id, Token);
        Restart();

        Assert.Equal(2, await Store.OpenAsync(Id, Token));
        Assert.Null((await Store.SummarizeAsync(Id, Token)).Sha256);
        await Store.AppendAsync(Id, Chunk(3, "c"), Token);

        Assert.Equal(Fingerprint(await ReadAllAsync()).Sha256, (await Store.CloseAsync(Id, Token)).Sha256);
        AssertDense(await ReadAllAsync(), 3);
    }

    [Fact]
    public async Task Lines_that_do_not_follow_are_refused()
    {
        await Store.OpenAsync(Id, Token);
        await Store.AppendAsync(Id, Chunk(1, "a"), Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.AppendAsync(Id, Chunk(1, "a"), Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.AppendAsync(Id, Chunk(3, "c"), Token));
        await Store.CloseAsync(Id, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.AppendAsync(Id, Chunk(2, "b"), Token));

        AssertDense(await ReadAllAsync(), 1);
    }

    [Fact]
    public async Task Many_small_chunks_come_in_few_pages()
    {
        await Store.OpenAsync(Id, Token);
        for (var n = 1; n <= 2500; n++)
        {
            await Store.AppendAsync(Id, Chunk(n, "line"), Token);
        }

        Assert.True((await Store.ReadAsync(Id, 0, Token)).Count >= 250);
        AssertDense(await ReadAllAsync(), 2500);
    }
}
