using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine and real HTTP: a file that a Dockerfile adds by its address.</summary>
public sealed class AddedFileTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly ScriptedServer _server;

    public AddedFileTests() => _server = new ScriptedServer(context =>
    {
        _asked.Enqueue($"{context.Request.UserAgent} {context.Request.Url!.AbsolutePath}");
        return ScriptedServer.SayAsync(context, 200, "what was added");
    });

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Trait("Engine", "Both")]
    public async Task With_BuildKit_it_is_fetched_from_a_host_that_the_operator_allows_and_stands_in_what_was_built_from()
    {
        await using var world = await OpenAsync("standard");

        var ended = await DeployAsync(world);

        ended.Succeeded();
        Assert.Contains("what was added", ended.Log, StringComparison.Ordinal);
        Assert.Equal(["SPEED /some/page.txt"], _asked);
        var from = await world.App.GetAsync($"/v1/deployments/{ended.Id}/built-from");
        var (image, file) = (from.GetProperty("sources")[0], from.GetProperty("sources")[1]);
        Assert.Equal($"{_server.Address}some/page.txt", file.GetProperty("name").GetString());
        Assert.StartsWith("sha256:", file.GetProperty("digest").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, file.GetProperty("image_id").ValueKind);
        Assert.StartsWith("sha256:", image.GetProperty("image_id").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task With_the_legacy_builder_of_strict_nothing_is_asked_for_and_the_way_out_is_said()
    {
        await using var world = await OpenAsync("strict");

        var ended = await DeployAsync(world);

        Assert.Contains("line 2", ended.FailedWith("DOCKERFILE_REFUSED", "build"), StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    private async Task<World> OpenAsync(string sandbox)
    {
        var world = new World
        {
            Settings = new()
            {
                ["Speed__Docker__Sandbox"] = sandbox,
                ["Speed__Docker__AllowedHosts"] = new Uri(_server.Address).Authority,
            },
        };
        await world.InitializeAsync();
        return world;
    }

    private async Task<Ended> DeployAsync(World world)
    {
        var repository = await world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nADD {_server.Address}some/page.txt /added/\nCMD [\"cat\", \"/added/page.txt\"]\n"));
        using var answer = await world.App.PostAsync("/v1/deployments", new { url = repository.Url, branch = "main" });
        return await world.EndAsync((await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).GetProperty("id").GetInt64());
    }
}
