using Microsoft.Data.Sqlite;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine and real SQLite: somebody else locks the databases meanwhile.</summary>
public sealed class LockedStoreTests : IAsyncLifetime
{
    private readonly World _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Databases_that_are_locked_for_longer_than_a_write_waits_cost_no_line_and_end_nothing()
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile",
            """
            FROM busybox
            CMD trap 'echo last; exit 0' USR1; echo first; i=0; while :; do echo $((i=i+1)); sleep 0.01; done

            """));
        var id = await _world.StartAsync(repository);
        await _world.SeesLineAsync(id, "first");

        using (Lock("deployments.db"))
        using (Lock("logs.db"))
        {
            // A write is given up after five seconds: it answers once the store has done so.
            Assert.Equal(503, (await _world.App.SendAsync($"/add_results/{id}", """{"results": "x"}""")).Status);
            await _world.SignalAsync(id, "USR1");
            Assert.Equal(503, (await _world.App.SendAsync($"/add_results/{id}", """{"results": "x"}""")).Status);
        }

        var ended = (await _world.EndAsync(id)).Succeeded();

        Assert.True(ended.Resource.GetProperty("log").GetProperty("complete").GetBoolean());
        var lines = ended.Results.Split('\n');
        Assert.Equal(["first", .. Enumerable.Range(1, lines.Length - 2).Select(n => $"{n}"), "last"], lines);
        Assert.Contains("\n" + ended.Results + "\n", ended.Log, StringComparison.Ordinal);
    }

    private SqliteConnection Lock(string file)
    {
        var connection = new SqliteConnection(
            $"Data Source={Path.Combine(_world.App.DataDirectory, file)};Pooling=False");
        connection.Open();
        connection.BeginTransaction(deferred: false);
        return connection;
    }
}
