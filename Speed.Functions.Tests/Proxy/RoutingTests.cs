using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP and real SQLite: which service a host name means.</summary>
public sealed class RoutingTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_is_found_by_its_hosts_and_by_the_names_it_has_by_itself()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var service = await world.UpAsync(await world.ServerAsync("hello"), "Shop_2", "feature/ünï", "shop.example.org");

        Assert.Equal("hello", await world.GetAsync("http://shop.example.org/"));
        Assert.Equal("hello", await world.GetAsync("http://SHOP.example.org:8080/"));
        Assert.Equal("hello", await world.GetAsync("http://shop.example.org./"));
        Assert.Equal("hello", await world.GetAsync("http://shop-2-feature-n.localhost/"));
        Assert.Equal("hello", await world.GetAsync($"http://{ServiceName.Own(service)}/"));
        Assert.Matches("^shop-2-feature-n-[a-z2-7]{26}\\.localhost$", ServiceName.Own(service));
    }

    [Fact]
    public async Task A_name_that_no_service_has_is_404_and_one_that_does_not_answer_502_and_neither_tells_of_others()
    {
        await using var world = await ProxyWorld.OpenAsync();
        await world.UpAsync(1, "gone", "main", "gone.example.org");

        var unknown = await world.AnswerAsync("http://other.example.org/");
        var dead = await world.AnswerAsync("http://gone.example.org/");

        Assert.Equal((404, "No service is up under this name.\n"), (unknown.Status, unknown.Text));
        Assert.Equal(502, dead.Status);
        Assert.Matches("^The service under this name does not answer.\nReason: connection_refused. Request: [0-9a-f-]{36}.\n$", dead.Text);
    }

    [Fact]
    public async Task One_that_has_ended_is_not_found_any_more()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var service = await world.UpAsync(await world.ServerAsync("hello"));
        await world.GetAsync("http://app-main.localhost/");

        await world.EndAsync(service);

        Assert.Equal(404, (await world.AnswerAsync("http://app-main.localhost/")).Status);
    }

    [Fact]
    public async Task A_newer_one_gets_the_next_request()
    {
        await using var world = await ProxyWorld.OpenAsync();
        await world.UpAsync(await world.ServerAsync("one"));
        Assert.Equal("one", await world.GetAsync("http://app-main.localhost/"));

        await world.UpAsync(await world.ServerAsync("two"));

        Assert.Equal("two", await world.GetAsync("http://app-main.localhost/"));
    }

    [Fact]
    public async Task A_request_that_is_with_the_older_one_is_finished_there_and_the_drain_waits_for_it()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var older = await world.UpAsync(await world.ServerAsync(async context =>
        {
            arrived.SetResult();
            await goOn.Task;
            await context.Response.WriteAsync("one", Now);
        }));
        var request = world.GetAsync("http://app-main.localhost/");
        await arrived.Task;

        await world.UpAsync(await world.ServerAsync("two"));
        var drained = world.Traffic.DrainAsync(older.Id, Now);
        Assert.Equal("two", await world.GetAsync("http://app-main.localhost/"));
        Assert.False(drained.IsCompleted);
        goOn.SetResult();

        Assert.Equal("one", await request);
        await drained;
    }

    [Fact]
    public async Task Requests_meet_no_error_while_the_older_ones_drain_and_die_under_them()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var current = await world.UpAsync(await world.ServerAsync("0"));
        using var over = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(async _ =>
        {
            var requests = 0;
            for (; !over.IsCancellationRequested; requests++)
            {
                using var body = new StringContent("body");
                using var answer = await world.Client.PostAsync("http://app-main.localhost/", body, Now);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }

            return requests;
        }).ToList();

        for (var swap = 1; swap <= 50; swap++)
        {
            var older = current;
            current = await world.UpAsync(await world.ServerAsync($"{swap}"));
            await world.Traffic.DrainAsync(older.Id, Now);
        }

        await over.CancelAsync();
        Assert.All(await Task.WhenAll(clients), requests => Assert.True(requests > 0));
    }

    [Fact]
    public async Task One_that_takes_no_more_is_looked_up_again()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var service = await world.UpAsync(await world.ServerAsync("one"));

        await world.Traffic.DrainAsync(service.Id, Now);

        // The store knows of no newer one: it is asked again some times, and then that is the answer.
        Assert.Equal(502, (await world.AnswerAsync("http://app-main.localhost/")).Status);
        await world.UpAsync(await world.ServerAsync("two"));
        Assert.Equal("two", await world.GetAsync("http://app-main.localhost/"));
    }

    [Fact]
    public async Task Nobody_takes_a_host_by_naming_it_and_the_first_one_keeps_it_across_its_swaps()
    {
        await using var world = await ProxyWorld.OpenAsync();
        await world.UpAsync(await world.ServerAsync("first"), "first", "main", "app.example.org");
        await world.UpAsync(await world.ServerAsync("thief"), "thief", "main", "app.example.org", "thief.example.org");

        Assert.Equal("first", await world.GetAsync("http://app.example.org/"));
        Assert.Equal("thief", await world.GetAsync("http://thief.example.org/"));
        var second = await world.UpAsync(await world.ServerAsync("second"), "first", "main", "app.example.org");
        Assert.Equal("second", await world.GetAsync("http://app.example.org/"));

        await world.EndAsync(second);
        Assert.Equal("thief", await world.GetAsync("http://app.example.org/"));
    }

    [Fact]
    public async Task One_that_waits_to_be_started_again_gets_no_request_and_nobody_else_gets_its_names()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var first = await world.UpAsync(await world.ServerAsync("first"), "us/app", "main", "app.example.org");

        await world.GoDownAsync(first);
        await world.UpAsync(await world.ServerAsync("thief"), "them/app", "main", "app.example.org", "thief.example.org");

        Assert.Equal(502, (await world.AnswerAsync("http://app.example.org/")).Status);
        Assert.Equal(502, (await world.AnswerAsync("http://app-main.localhost/")).Status);
        Assert.Equal("thief", await world.GetAsync("http://thief.example.org/"));
        await world.UpAgainAsync(first);
        Assert.Equal("first", await world.GetAsync("http://app.example.org/"));
        Assert.Equal("first", await world.GetAsync("http://app-main.localhost/"));
    }

    [Fact]
    public async Task Repositories_that_are_called_alike_share_the_brief_name_and_each_has_its_own()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var ours = await world.UpAsync(await world.ServerAsync("ours"), "us/app");
        var theirs = await world.UpAsync(await world.ServerAsync("theirs"), "them/app");
        var mark = ServiceName.Own(ours)["app-main-".Length..^".localhost".Length];
        await world.UpAsync(await world.ServerAsync("posing"), "app", $"main-{mark}");

        Assert.Equal("ours", await world.GetAsync("http://app-main.localhost/"));
        Assert.Equal("ours", await world.GetAsync($"http://{ServiceName.Own(ours)}/"));
        Assert.Equal("theirs", await world.GetAsync($"http://{ServiceName.Own(theirs)}/"));
    }

    [Fact]
    public async Task While_the_store_cannot_be_read_requests_go_by_what_was_read_last_and_that_is_logged_once()
    {
        await using var world = await ProxyWorld.OpenAsync();
        await world.UpAsync(await world.ServerAsync("one"));
        Assert.Equal("one", await world.GetAsync("http://app-main.localhost/"));

        for (var episode = 0; episode < 2; episode++)
        {
            await world.UpAsync(await world.ServerAsync("other"), $"other{episode}");
            await ExecuteAsync(world, "ALTER TABLE deployment RENAME TO away");
            for (var request = 0; request < 5; request++)
            {
                Assert.Equal("one", await world.GetAsync("http://app-main.localhost/"));
            }

            await ExecuteAsync(world, "ALTER TABLE away RENAME TO deployment");
            Assert.Equal("other", await world.GetAsync($"http://other{episode}-main.localhost/"));
        }

        var levels = world.Log.Entries.Select(entry => entry.Level);
        Assert.Equal([LogLevel.Error, LogLevel.Information, LogLevel.Error, LogLevel.Information], levels);
    }

    [Fact]
    public async Task Names_of_SPEED_itself_and_addresses_are_given_to_nobody()
    {
        await using var world = await ProxyWorld.OpenAsync(allowedHosts: ["speed.example.org"]);
        await world.UpAsync(await world.ServerAsync("x"), "app", "main", "speed.example.org", "127.0.0.1", "10.0.0.1");

        Assert.Equal(404, (await world.AnswerAsync("http://speed.example.org/")).Status);
        Assert.Equal(404, (await world.AnswerAsync("http://127.0.0.1/")).Status);
        Assert.Equal(404, (await world.AnswerAsync("http://10.0.0.1/")).Status);
    }

    [Theory]
    [InlineData("https://github.com/you/app.git", "main", ".", "app-main.localhost")]
    [InlineData("git@github.com:app.git", "v1.2", ".", "app-v1-2.localhost")]
    [InlineData("https://github.com/you/App?x=/y", "a//b", "sub/Dir", "app-a-b-sub-dir.localhost")]
    [InlineData("https://github.com/você/日本.git", "日", ".", "service.localhost")]
    public void The_names_of_a_service_come_from_its_repository_and_branch(
        string url, string branch, string subdirectory, string name)
    {
        var service = Some(url, branch, subdirectory);

        Assert.Equal(name, ServiceName.Brief(service));
        Assert.StartsWith(name[..^".localhost".Length], ServiceName.Own(service), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_name_is_cut_to_what_a_label_may_have()
    {
        var service = Some("https://github.com/you/app.git", new string('b', 200), ".");

        Assert.Equal(63, ServiceName.Brief(service).Split('.')[0].Length);
        Assert.Equal(63, ServiceName.Own(service).Split('.')[0].Length);
    }

    private static async Task ExecuteAsync(ProxyWorld world, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={world.Database};Pooling=False");
        await connection.OpenAsync(Now);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Now);
    }

    private static Deployment Some(string url, string branch, string subdirectory) => new()
    {
        Id = 1,
        WorkerId = Guid.Empty,
        Options = Data.SomeOptions.Of(url) with { Branch = branch, Subdirectory = subdirectory },
        Status = DeploymentStatus.Running,
        Version = 1,
        Attempt = 1,
        Epoch = 1,
        RunBy = RunBy.Speed,
        Branch = branch,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
