using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

public abstract partial class StoreContract
{
    [Fact]
    public async Task What_the_latest_attempt_was_built_from_is_kept()
    {
        var running = await AddRunningAsync();
        var first = new BuiltFrom("FROM a\n", []);
        var latest = new BuiltFrom("FROM \u00e4\n", [new BuildSource(1, "$A", "r/a:1", "sha256:1"), new BuildSource(2, "b", "r/b:1", "sha256:2")])
        {
            Exposed = [9000, 80],
        };

        var before = await Store.FindBuiltFromAsync(running.Id, Token);
        Assert.True(await Store.RecordBuiltFromAsync(running.Claim, first, Token));
        Assert.True(await Store.RecordBuiltFromAsync(running.Claim, latest, Token));
        Restart();
        var kept = await Store.FindBuiltFromAsync(running.Id, Token);

        Assert.Null(before);
        Assert.Equal(latest.Dockerfile, kept?.Dockerfile);
        Assert.Equal(latest.Sources, kept?.Sources);
        Assert.Equal([9000, 80], kept?.Exposed);
    }

    [Fact]
    public async Task A_retry_with_the_same_image_was_built_from_the_same()
    {
        var original = await AddRunningAsync();
        await Store.RecordCommitAsync(original.Claim, "trunk", Commit, Token);
        await Store.RecordBuiltFromAsync(original.Claim, new BuiltFrom("FROM a\n", []), Token);
        await Store.RecordImageAsync(original.Claim, "sha256:1", Token);
        await Store.SettleAsync(original.Claim, Failed(), Token);
        await RetryAsync(await FindAsync(original.Id));
        var retry = (await Store.ClaimNextAsync("worker-1", Token))!;

        var before = await Store.FindBuiltFromAsync(retry.Id, Token);
        await Store.RecordImageAsync(retry.Claim, "sha256:1", Token);
        var after = await Store.FindBuiltFromAsync(retry.Id, Token);

        Assert.Null(before);
        Assert.Equal("FROM a\n", after?.Dockerfile);
    }

    [Fact]
    public async Task A_stale_claim_records_nothing_of_what_was_built_from()
    {
        var running = await AddRunningAsync();
        await Store.SettleAsync(running.Claim, Success(), Token);

        Assert.False(await Store.RecordBuiltFromAsync(running.Claim, new BuiltFrom("FROM a\n", []), Token));
        Assert.Null(await Store.FindBuiltFromAsync(running.Id, Token));
    }
}
