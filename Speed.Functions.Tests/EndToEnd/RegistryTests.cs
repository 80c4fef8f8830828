using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a registry that asks who is there, and whom its images are for.</summary>
public sealed class RegistryTests : IAsyncLifetime
{
    private readonly LoopbackRegistry _registry = new();
    private readonly World _world;
    private readonly string _name;

    public RegistryTests()
    {
        _registry.Logins["team"] = "a login of theirs";
        _name = _registry.Put("team/base", "1");
        _world = new World
        {
            Settings = new()
            {
                ["Speed__Docker__AllowedRegistries"] = _registry.Host,
                ["Speed__Docker__LocalImages"] = "docker.io/library/*",
            },
        };
    }

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _registry.DisposeAsync();
        await DockerCli.LinesAsync("image", "rm", "--force", _name);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_login_at_a_registry_is_for_the_deployers_that_it_names_and_so_is_what_the_engine_has_by_it()
    {
        var dockerfile = $"FROM {_name} AS base\nFROM busybox\nCOPY --from=base /mark /mark\nCMD [\"cat\", \"/mark\"]\n";
        var ours = await _world.RepositoryAsync(r => r.File("Dockerfile", dockerfile));
        var theirs = await _world.RepositoryAsync(r => r.File("Dockerfile", dockerfile));
        await PutLoginAsync(ours);

        var before = await _world.DeployAsync(theirs);
        var first = await _world.DeployAsync(ours);
        var after = await _world.DeployAsync(theirs);
        await PutLoginAsync(ours, theirs);
        var both = await _world.DeployAsync(theirs);

        first.Succeeded();
        both.Succeeded();
        Assert.Equal(first.Results, both.Results);
        foreach (var refused in new[] { before, after })
        {
            var told = refused.FailedWith("BASE_IMAGE_UNAVAILABLE", "build");
            Assert.Contains($"`{_name}` on line 1", told, StringComparison.Ordinal);
            Assert.Contains("Speed__Docker__LocalImages", told, StringComparison.Ordinal);
        }
    }

    private async Task PutLoginAsync(params GitRepository[] deployers)
    {
        var put = await _world.App.PutAsync("/v1/secrets/login", new
        {
            value = "a login of theirs",
            use = "registry",
            username = "team",
            repos = new[] { _registry.Host },
            deployers = deployers.Select(one => new Uri(one.Url) is var url ? url.Authority + url.AbsolutePath.Replace(".git", "") : ""),
        });
        Assert.Equal(204, put.Status);
    }
}
