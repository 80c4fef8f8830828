using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class LogStoreContract
{
    [Fact]
    public async Task A_log_whose_lines_were_removed_says_so_in_one_gap()
    {
        await WriteAsync(Id, Chunk(1, "one", "two"));
        await Store.AppendGapAsync(Id, new LogGap(3, 7, "lost", 50), Token);
        await Store.AppendAsync(Id, Chunk(8, "three"), Token);
        await Store.CloseAsync(Id, Token);

        var removed = await Store.RemoveLinesAsync(Id, "old", Token);
        var again = await Store.RemoveLinesAsync(Id, "old", Token);

        Assert.True(removed);
        Assert.False(again);
        Assert.Equal([new LogGap(1, 8, "old", 4 + 4 + 50 + 6)], await ReadAllAsync());
        Assert.Equal(new LogSummary(8, 0, false, Fingerprint([]).Sha256), await Store.SummarizeAsync(Id, Token));
    }

    [Fact]
    public async Task What_was_never_counted_is_not_counted_when_it_is_removed()
    {
        await WriteAsync(Id, Chunk(1, "one"));
        await Store.AppendGapAsync(Id, new LogGap(2, 2, "lost", null), Token);
        await Store.CloseAsync(Id, Token);

        await Store.RemoveLinesAsync(Id, "old", Token);

        Assert.Equal([new LogGap(1, 2, "old", null)], await ReadAllAsync());
    }

    [Fact]
    public async Task Lines_of_a_log_that_is_open_or_of_none_at_all_stay()
    {
        await WriteAsync(Id, Chunk(1, "one"));

        Assert.False(await Store.RemoveLinesAsync(Id, "old", Token));
        Assert.False(await Store.RemoveLinesAsync(Id + 1, "old", Token));
        Assert.Single(await ReadAllAsync());
    }

    [Fact]
    public async Task Closed_logs_with_lines_are_listed_by_their_end()
    {
        await WriteAsync(2, Chunk(1, "two"));
        await WriteAsync(1, Chunk(1, "one", "one"));
        await WriteAsync(3, Chunk(1, "open"));
        await Store.CloseAsync(4, Token);
        await Store.CloseAsync(2, Token);
        Time.Advance(TimeSpan.FromSeconds(1));
        await Store.CloseAsync(1, Token);
        Time.Advance(TimeSpan.FromSeconds(1));

        var all = await Store.ListClosedAsync(Time.GetUtcNow(), Token);
        var old = await Store.ListClosedAsync(Time.GetUtcNow().AddSeconds(-1), Token);
        await Store.RemoveLinesAsync(2, "old", Token);

        Assert.Equal([(2L, 4L), (1L, 8L)], all.Select(log => (log.DeploymentId, log.Bytes)));
        Assert.Equal([2L], old.Select(log => log.DeploymentId));
        var left = await Store.ListClosedAsync(DateTimeOffset.MaxValue, Token);
        Assert.Equal([1L], left.Select(log => log.DeploymentId));
    }

    [Fact]
    public async Task A_forgotten_log_is_as_if_it_had_never_been()
    {
        await WriteAsync(Id, Chunk(1, "one"));
        await Store.CloseAsync(Id, Token);

        await Store.ForgetAsync(Id, Token);
        await Store.ForgetAsync(Id, Token);

        Assert.Empty(await ReadAllAsync());
        Assert.Equal(LogSummary.Empty, await Store.SummarizeAsync(Id, Token));
        Assert.Equal(0, await Store.OpenAsync(Id, Token));
    }

    private async Task WriteAsync(long id, LogChunk chunk)
    {
        await Store.OpenAsync(id, Token);
        await Store.AppendAsync(id, chunk, Token);
    }

    [Fact]
    public async Task Many_logs_are_summarized_as_each_is_and_those_that_are_not_there_left_out()
    {
        await Store.OpenAsync(1, Token);
        await Store.AppendAsync(1, Chunk(1, "a", "b"), Token);
        await Store.OpenAsync(2, Token);
        await Store.AppendGapAsync(2, new LogGap(1, 1, "lost", null), Token);
        await Store.CloseAsync(2, Token);
        await Store.CloseAsync(3, Token);

        var summaries = await Store.SummarizeAsync([1, 2, 3, 4], Token);

        Assert.Equal([1, 2, 3], summaries.Keys.Order());
        foreach (var (id, summary) in summaries)
        {
            Assert.Equal(await Store.SummarizeAsync(id, Token), summary);
        }

        Assert.Empty(await Store.SummarizeAsync([], Token));
    }
}
