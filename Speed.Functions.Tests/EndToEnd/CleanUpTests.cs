using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what clean-up removes from it, and what it leaves.</summary>
public sealed class CleanUpTests : IAsyncLifetime
{
    private readonly World _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Images_go_but_for_the_last_three_of_a_branch_and_those_in_use_or_named_by_others()
    {
        // Images of its own: the same steps of another SPEED are the same image to the engine, and its tag on it counts.
        List<string> images = [];
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\n"));
        for (var n = 1; n <= 6; n++)
        {
            await repository.ChangeAsync(r => r.File(
                "Dockerfile", $"FROM busybox\nLABEL of={_world.Instance}\nRUN echo {n} > /n\nCMD cat /n\n"));
            images.Add((await _world.DeployAsync(repository)).Succeeded().ImageId);
        }

        await _world.EventuallyNoContainersAsync();
        var operators = $"operators-{_world.Instance}";
        await DockerCli.RunAsync("create", "--name", operators, images[0]);
        await DockerCli.RunAsync("tag", images[1], $"{operators}:mine");
        try
        {
            var listed = await _world.App.GetAsync("/v1/gc");
            var done = (await _world.App.SendAsync("/v1/gc", "")).Json;

            Assert.Equal(images[..3], Images(listed));
            Assert.All(
                listed.GetProperty("items").EnumerateArray(),
                item => Assert.True(item.GetProperty("bytes").GetInt64() > 0));
            Assert.Equal(images[1..3], Images(done));
            var there = await DockerCli.LinesAsync("images", "--no-trunc", "--all", "--format", "{{.ID}}");
            Assert.Equal([images[0], images[1], .. images[3..]], images.Where(there.Contains));
        }
        finally
        {
            await DockerCli.RunAsync("rm", operators);
            await DockerCli.RunAsync("rmi", $"{operators}:mine");
        }

        Assert.Equal(images[..1], Images((await _world.App.SendAsync("/v1/gc", "")).Json));
        Assert.Equal("6", (await _world.DeployAsync(repository)).Succeeded().Results);
        Assert.Contains("Not built again", (await _world.DeployAsync(repository)).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_left_behind_goes_and_one_that_only_looks_like_it_stays()
    {
        var (left, alike) = ($"speed-{_world.Instance}-999-1", $"alike-{_world.Instance}");
        await CreateAsync(left);
        await CreateAsync(alike);
        try
        {
            var done = (await _world.App.SendAsync("/v1/gc", "")).Json;

            var item = Assert.Single(done.GetProperty("items").EnumerateArray());
            Assert.Equal(("container", left), (item.GetProperty("kind").GetString(), item.GetProperty("id").GetString()));
            Assert.Empty(await DockerCli.ContainersAsync(left));
            Assert.Single(await DockerCli.ContainersAsync(alike));
        }
        finally
        {
            await DockerCli.RunAsync("rm", "--force", alike);
        }

        Task CreateAsync(string name) => DockerCli.RunAsync(
            "create", "--name", name, "--label", $"speed.instance={_world.Instance}", "--label", "speed.deployment=999",
            "--label", "speed.attempt=1", "busybox", "sleep", "600");
    }

    private static IEnumerable<string> Images(JsonElement list) =>
        from item in list.GetProperty("items").EnumerateArray()
        where item.GetProperty("kind").GetString() == "image"
        select item.GetProperty("id").GetString()!;
}
