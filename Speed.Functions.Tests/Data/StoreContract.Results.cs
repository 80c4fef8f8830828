using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Of_what_is_reported_so_many_bytes_are_kept_and_no_more_and_each_report_counts_64_beside_its_own()
    {
        var running = await AddRunningAsync();

        Assert.Equal(ReportOutcome.Added, await ReportAsync(new string('ü', 200)));
        Assert.Equal(ReportOutcome.TooMuch, await ReportAsync(new string('x', 473)));
        Restart();
        Assert.Equal(ReportOutcome.Added, await ReportAsync(new string('x', 472 - 64 - 1)));
        Assert.Equal(ReportOutcome.TooMuch, await ReportAsync("12"));
        Assert.Equal(ReportOutcome.Added, await ReportAsync("1"));
        Assert.Equal(ReportOutcome.TooMuch, await ReportAsync(""));
        Assert.Equal(ReportOutcome.NotFound, await Store.ReportAsync(99, new string('x', 2_000), 1_000, Token));

        Assert.Equal([200, 407, 1], (await ReadResultsAsync(running.Id)).Select(result => result.Value.Length));

        Task<ReportOutcome> ReportAsync(string value) => Store.ReportAsync(running.Id, value, 1_000, Token);
    }

    [Fact]
    public async Task What_SPEED_writes_at_the_end_has_room_however_much_was_reported()
    {
        var running = await AddRunningAsync();
        await Store.ReportAsync(running.Id, "all there is room for", 64 + 21, Token);
        Assert.Equal(ReportOutcome.TooMuch, await Store.ReportAsync(running.Id, "x", 64 + 21, Token));

        var output = new NewResult(ResultSource.Stdout, new string('x', 1_000));
        Assert.True(await Store.SettleAsync(running.Claim, Success(output), Token));

        Assert.Equal([21, 1_000], (await ReadResultsAsync(running.Id)).Select(result => result.Value.Length));
        Assert.Equal(ReportOutcome.TooMuch, await Store.ReportAsync(running.Id, "x", 64 + 21, Token));
        Assert.Equal(ReportOutcome.Added, await Store.ReportAsync(running.Id, "x", 64 + 21 + 64 + 1, Token));
    }

    [Fact]
    public async Task Results_come_page_by_page_none_twice_and_long_ones_in_shorter_pages()
    {
        var running = await AddRunningAsync();
        for (var n = 1; n <= 10; n++)
        {
            await Store.ReportAsync(running.Id, $"{n}" + new string('x', n > 5 ? 100_000 : 0), Token);
        }

        var first = await Store.ReadResultsAsync(running.Id, after: 0, most: 4, Token);
        var second = await Store.ReadResultsAsync(running.Id, after: 4, most: long.MaxValue, Token);
        var beyond = await Store.ReadResultsAsync(running.Id, after: 10, most: 4, Token);

        Assert.Equal([1, 2, 3, 4], first!.Items.Select(result => result.Seq));
        Assert.Equal(10, first.Last);
        Assert.Equal([5, 6, 7, 8], second!.Items.Select(result => result.Seq));
        Assert.Equal((0, 10), (beyond!.Items.Count, beyond.Last));
        Assert.Equal(Enumerable.Range(1, 10), (await ReadResultsAsync(running.Id)).Select(result => (int)result.Seq));
        Assert.Null(await Store.ReadResultsAsync(99, after: 0, most: 4, Token));
    }
}
