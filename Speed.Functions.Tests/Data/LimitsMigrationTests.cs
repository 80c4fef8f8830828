using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>Drives real SQLite: what becomes of results, and of those that wait, that came before there were limits.</summary>
public sealed class LimitsMigrationTests : IDisposable
{
    private const int SchemaOfBefore = 22;

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_reported_counts_and_stays_to_be_read_whole_though_it_is_more_than_may_be()
    {
        MakeOld(
            """
            INSERT INTO result (deployment_id, seq, at_ms, source, value, late)
            VALUES (1, 1, 1, 'report', printf('%.*c', 3000, 'ü'), 0), (1, 2, 1, 'stdout', printf('%.*c', 9000, 'x'), 0),
                (1, 3, 1, 'report', 'last', 0);
            """);
        using var stores = Open();
        var store = stores.Deployments;
        const int Counted = 6_000 + 64 + 4 + 64;

        Assert.Equal(ReportOutcome.TooMuch, await store.ReportAsync(1, "x", 1_024, Token));
        Assert.Equal(ReportOutcome.TooMuch, await store.ReportAsync(1, "x", Counted + 64, Token));
        Assert.Equal(ReportOutcome.Added, await store.ReportAsync(1, "x", Counted + 65, Token));
        Assert.Equal(
            [3_000, 9_000, 4, 1], (await store.ReadResultsAsync(1, Token))!.Select(result => result.Value.Length));
    }

    [Fact]
    public async Task Whose_those_are_that_wait_is_known_from_the_audit()
    {
        MakeOld(
            """
            INSERT INTO audit (at_ms, caller, action, deployment_id, outcome)
            VALUES (1, 'first', 'Start', 1, 201), (1, 'asked again', 'Retry', 1, 201), (1, 'refused', 'Cancel', 2, 409),
                (1, 'hook:site', 'Deliver', 3, 202), (1, 'nobody', 'Start', NULL, 429);
            """);
        using var stores = Open();
        var store = stores.Deployments;

        Assert.Equal(["first", "", "hook:site"], (await store.ReadQueueAsync(10, Token)).Select(entry => entry.DeployedBy));
        Assert.True(Assert.IsType<AddOutcome.QueueFull>(await AddAsync("hook:site")).OfCaller);
        Assert.IsType<AddOutcome.Added>(await AddAsync("asked again"));
        Assert.Equal(2, (await store.ClaimNextAsync("w", new SlotShare(1, [1]), Token))?.Id);

        Task<AddOutcome> AddAsync(string caller) => store.AddAsync(
            new NewDeployment(SomeOptions.Of(), null, 10) { DeployedBy = caller, MaxQueuedOfCaller = 1 }, Token);
    }

    private void MakeOld(string rows)
    {
        OldDatabases.Make(_folder.FullPath, SchemaOfBefore);
        OldDatabases.Add(_folder.FullPath, 2, "second");
        OldDatabases.Add(_folder.FullPath, 3, "third");
        OldDatabases.Run(Path.Combine(_folder.FullPath, "deployments.db"), rows);
    }

    private SqliteStores Open() =>
        new(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
}
