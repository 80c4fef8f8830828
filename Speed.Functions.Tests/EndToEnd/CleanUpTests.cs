using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what clean-up removes from it, and what it leaves.</summary>
public sealed class CleanUpTests : IAsyncLifetime
{
    // What is collected is collected by the test: housekeeping begins a minute after the start, and some of these take longer.
    private readonly World _world = new()
    {
        Change = services => services.Remove(services.Single(service => service.ImplementationType == typeof(Housekeeping))),
    };

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
    public async Task A_container_left_behind_goes_one_without_a_record_when_it_is_said_and_one_alike_never()
    {
        var ended = await _world.DeployAsync("FROM busybox\nCMD echo done\n");
        await _world.EventuallyNoContainersAsync();
        var (left, unknown) = (Name(ended.Id, 1), Name(999, 1));
        var (later, alike) = (Name(ended.Id, 2), $"alike-{_world.Instance}");
        await CreateAsync(left, ended.Id, 1);
        await CreateAsync(unknown, 999, 1);
        await CreateAsync(later, ended.Id, 2);
        await CreateAsync(alike, 999, 1);
        try
        {
            var listed = await _world.App.GetAsync("/v1/gc");
            var done = (await _world.App.SendAsync("/v1/gc", "")).Json;
            var stayed = await DockerCli.ContainersAsync($"speed-{_world.Instance}-");
            var doctor = (await _world.App.GetAsync("/v1/doctor")).GetProperty("checks").EnumerateArray()
                .Single(check => check.GetProperty("name").GetString() == "docker without a record");
            var said = (await _world.App.SendAsync("/v1/gc", "{\"unrecorded\": true}")).Json;

            Assert.Equal([left], Containers(listed, "items"));
            Assert.Equal(new[] { later, unknown }.Order(), Containers(listed, "unrecorded").Order());
            Assert.Equal([left], Containers(done, "items"));
            Assert.Empty(Containers(done, "unrecorded"));
            Assert.Equal(new[] { later, unknown }.Order(), stayed.Order());
            Assert.False(doctor.GetProperty("ok").GetBoolean());
            Assert.Contains(unknown, doctor.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Contains("--unrecorded", doctor.GetProperty("fix").GetString(), StringComparison.Ordinal);
            Assert.Equal(new[] { later, unknown }.Order(), Containers(said, "unrecorded").Order());
            Assert.Empty(await DockerCli.ContainersAsync($"speed-{_world.Instance}-"));
            Assert.Single(await DockerCli.ContainersAsync(alike));
        }
        finally
        {
            await DockerCli.RunAsync("rm", "--force", alike);
        }

        string Name(long id, int attempt) => $"speed-{_world.Instance}-{id}-{attempt}";

        Task CreateAsync(string name, long id, int attempt) => DockerCli.RunAsync(
            "create", "--name", name, "--label", $"speed.instance={_world.Instance}", "--label", $"speed.deployment={id}",
            "--label", $"speed.attempt={attempt}", "busybox", "sleep", "600");
    }

    [Fact]
    public async Task An_image_without_a_record_goes_when_it_is_said()
    {
        var tag = $"speed-{_world.Instance}:{new string('a', 64)}";
        await DockerCli.RunAsync("tag", "busybox:latest", tag);

        var listed = await _world.App.GetAsync("/v1/gc");
        await _world.App.SendAsync("/v1/gc", "");
        var stayed = await DockerCli.LinesAsync("images", "--quiet", tag);
        await _world.App.SendAsync("/v1/gc", "{\"unrecorded\": true}");

        Assert.Equal("image", Assert.Single(listed.GetProperty("unrecorded").EnumerateArray()).GetProperty("kind").GetString());
        Assert.Single(stayed);
        Assert.Empty(await DockerCli.LinesAsync("images", "--quiet", tag));
        Assert.NotEmpty(await DockerCli.LinesAsync("images", "--quiet", "busybox:latest"));
    }

    private static string[] Containers(JsonElement list, string of) =>
    [
        .. from item in list.GetProperty(of).EnumerateArray()
           where item.GetProperty("kind").GetString() == "container"
           select item.GetProperty("id").GetString()!,
    ];

    private static IEnumerable<string> Images(JsonElement list) =>
        from item in list.GetProperty("items").EnumerateArray()
        where item.GetProperty("kind").GetString() == "image"
        select item.GetProperty("id").GetString()!;
}
