using System.Text.Json;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>Ten services are up, and SPEED or its engine is killed: ten are up again, at the same addresses.</summary>
public sealed class ServiceFaultTests : IAsyncLifetime
{
    private const int Services = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private OwnEngine _engine = null!;
    private SpeedProcess _speed = null!;
    private GitServer _git = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.Null(OwnEngine.Hindrance);
        _engine = await OwnEngine.StartNewAsync();
        _git = await GitServer.StartAsync();
        _speed = new SpeedProcess(("Speed__Docker__Endpoint", _engine.Endpoint), ("Speed__MaxRunning", "2"));
        await _speed.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await _speed.DisposeAsync();
            await _engine.DisposeAsync();
            await _git.DisposeAsync();
        }
    }

    [Fact]
    public async Task Killed_or_its_engine_killed_all_services_are_up_again_where_they_were()
    {
        List<JsonElement> first = [];
        for (var n = 0; n < Services; n++)
        {
            var repository = await _git.CreateAsync($"app{n}", r => r.File(
                "Dockerfile",
                """
                FROM busybox
                EXPOSE 8080
                HEALTHCHECK --interval=200ms --retries=100 CMD test -e /up
                CMD touch /up; exec sleep 100000
                """));
            first.Add(await _speed.GetAsync(await _speed.DeployAsync(repository.Url)));
        }

        first = await AllUpAsync(first, attempt: 1);
        await SlotsAreFreeAsync();
        await _speed.KillAsync();
        await _speed.StartAsync();
        var adopted = await AllUpAsync(first, attempt: 1);

        await _engine.KillAsync();
        await _engine.StartAsync();
        var again = await AllUpAsync(first, attempt: 2);

        await _speed.KillAsync();
        await _engine.KillAsync();
        await _engine.StartAsync();
        await _speed.StartAsync();
        var third = await AllUpAsync(first, attempt: 3);

        Assert.All([adopted, again, third], now => Assert.Equal(first.Select(AddressOf), now.Select(AddressOf)));
        Assert.Equal(Services, (await _engine.AskAsync("ps", "--quiet")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private async Task SlotsAreFreeAsync()
    {
        var repository = await _git.CreateAsync("job", r => r.File("Dockerfile", "FROM busybox\nCMD echo done\n"));
        var ended = await _speed.EndAsync(await _speed.DeployAsync(repository.Url));
        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
    }

    private async Task<List<JsonElement>> AllUpAsync(List<JsonElement> deployments, int attempt)
    {
        List<JsonElement> up = [];
        foreach (var deployment in deployments)
        {
            up.Add(await _speed.UntilAsync(
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
