using Microsoft.Extensions.DependencyInjection;
using Speed.Data;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: pages of a list that is long.</summary>
public sealed class LongListTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_by_page_each_of_very_many_comes_exactly_once_while_others_are_added()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__MaxQueued"] = "1000000" });
        await MultiplyAsync(app, await app.StartAsync(Url));

        var seen = new List<long>();
        for (var (cursor, pages) = ("", 0); cursor is not null; pages++)
        {
            var adding = pages % 25 == 0 ? app.StartAsync(Url) : Task.CompletedTask;
            var page = await app.GetAsync($"/v1/deployments?limit=200&cursor={cursor}");
            seen.AddRange(ListTests.IdsOf(page));
            cursor = page.GetProperty("next_cursor").GetString();
            await adding;
        }

        Assert.Equal(seen.Distinct().OrderDescending(), seen);
        Assert.Equal(Scale.Listed, seen.Count(id => id <= Scale.Listed));
    }

    // So many copies of one deployment that there are as many as wanted, all of them ended.
    private static async Task MultiplyAsync(SpeedApp app, long id)
    {
        var database = app.Services.GetRequiredService<DbManager>().Database;
        await database.WriteAsync(
            db => db.Run(
                $"""
                WITH RECURSIVE n (id) AS (SELECT {id} + 1 UNION ALL SELECT id + 1 FROM n WHERE id < {Scale.Listed})
                INSERT INTO deployment (worker_id, options, identity, branch, created_at_ms)
                SELECT printf('00000000-0000-0000-0000-%012d', n.id), d.options, d.identity, d.branch, d.created_at_ms
                FROM n CROSS JOIN deployment d
                WHERE d.id = {id};
                UPDATE deployment
                SET status = 'Canceled', version = 2, ended_at_ms = created_at_ms, log_closed_at_ms = created_at_ms,
                    due_at_ms = NULL, failure_code = 'CANCELED', failure_message = 'Canceled.'
                """),
            Now);
    }
}
