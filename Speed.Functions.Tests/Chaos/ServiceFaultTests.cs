using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Drives SPEED's process and a real engine: each is killed, all services come up again.</summary>
public sealed class ServiceFaultTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly EngineWorld _world = new(maxRunning: 2);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private OwnEngine Engine => _world.Engine;

    private SpeedProcess Speed => _world.Speed;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Killed_or_its_engine_killed_all_services_are_up_again_where_they_were()
    {
        List<JsonElement> first = [];
        for (var n = 0; n < Scale.Services; n++)
        {
            var repository = await _world.Git.CreateAsync($"app{n}", r => r.File(
                "Dockerfile",
                """
                FROM busybox
                EXPOSE 8080
                HEALTHCHECK --interval=3s --retries=100 CMD test -e /up
                CMD touch /up; exec sleep 100000
                """));
            first.Add(await Speed.GetAsync(await Speed.DeployAsync(repository.Url)));
        }

        first = await AllUpAsync(first, attempt: 1);
        await SlotsAreFreeAsync();
        await Speed.KillAsync();
        await Speed.StartAsync();
        var adopted = await AllUpAsync(first, attempt: 1);

        await Engine.KillAsync();
        await Engine.StartAsync();
        var again = await AllUpAsync(first, attempt: 2);

        await Speed.KillAsync();
        await Engine.KillAsync();
        await Engine.StartAsync();
        await Speed.StartAsync();
        var third = await AllUpAsync(first, attempt: 3);

        Assert.All([adopted, again, third], now => Assert.Equal(first.Select(AddressOf), now.Select(AddressOf)));
        Assert.Equal(Scale.Services, (await Engine.AskAsync("ps", "--quiet")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task One_that_was_coming_up_when_its_engine_was_killed_comes_up_in_its_next_attempt()
    {
        var repository = await _world.Git.CreateAsync("app", r => r.File(
            "Dockerfile",
            """
            FROM busybox
            EXPOSE 8080
            HEALTHCHECK --interval=3s --retries=100 CMD test -e /up
            CMD echo coming; sleep 5; touch /up; exec sleep 100000
            """));
        var id = await Speed.DeployAsync(repository.Url);
        await Speed.SeesLineAsync(id, "coming");

        await Engine.KillAsync();
        await Engine.StartAsync();
        await AllUpAsync([await Speed.GetAsync(id)], attempt: 2);

        Assert.Contains("The Docker engine went away, and the service with it", await Speed.LogAsync(id));
    }

    private async Task SlotsAreFreeAsync()
    {
        var repository = await _world.Git.CreateAsync("job", r => r.File("Dockerfile", "FROM busybox\nCMD echo done\n"));
        var ended = await Speed.EndAsync(await Speed.DeployAsync(repository.Url));
        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
    }

    private async Task<List<JsonElement>> AllUpAsync(List<JsonElement> deployments, int attempt)
    {
        List<JsonElement> up = [];
        foreach (var deployment in deployments)
        {
            up.Add(await Speed.UntilAsync(
                deployment.GetProperty("id").GetInt64(),
                now => now.GetProperty("up_at").ValueKind == JsonValueKind.String
                    && now.GetProperty("attempt").GetInt32() == attempt,
                Patience));
        }

        return up;
    }

    private static string AddressOf(JsonElement deployment) =>
        deployment.GetProperty("endpoints")[0].GetProperty("url").GetString()!;
}
