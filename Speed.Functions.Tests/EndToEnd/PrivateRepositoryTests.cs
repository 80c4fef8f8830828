using System.Net.Http.Headers;
using Speed.Tests.Hooks;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a repository that asks who is there is still two fields.</summary>
public sealed class PrivateRepositoryTests : IAsyncLifetime
{
    private readonly World _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_git_secret_opens_the_repositories_that_it_is_for_and_no_others()
    {
        _world.Git.Authorization = "Basic " + Convert.ToBase64String("someone:a token of theirs"u8);
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD [\"true\"]\n"));
        var secret = new { value = "a token of theirs", use = "git", username = "someone", repos = new[] { "example.com/*" } };
        await _world.App.PutAsync("/v1/secrets/login", secret);
        var without = await _world.DeployAsync(repository);

        await _world.App.PutAsync("/v1/secrets/login", new
        {
            secret.value,
            secret.use,
            secret.username,
            repos = new[] { $"{new Uri(repository.Url).Authority}/*" },
        });
        var with = await _world.DeployAsync(repository);

        without.FailedWith("AUTH_REQUIRED", "clone");
        with.Succeeded();
    }

    [Fact]
    public async Task Another_teams_repository_is_no_submodule_of_what_a_token_or_a_push_deploys()
    {
        await using var world = new World { Settings = new() { ["Speed__Auth"] = "required" } };
        await world.InitializeAsync();
        var app = world.App;
        app.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", app.AdminKey());
        world.Git.Authorization = "Basic " + Convert.ToBase64String("someone:a token of theirs"u8);
        var vault = await world.Git.CreateAsync("team-b/vault", r => r.File("key", "theirs"));
        var ours = await world.Git.CreateAsync("team-a/app", r => r
            .File("Dockerfile", "FROM busybox\nCOPY x/key /key\nCMD [\"cat\", \"/key\"]\n")
            .File(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ../../team-b/vault.git\n").Submodule("x", vault.Head));
        var host = new Uri(ours.Url).Authority;
        await app.PutAsync(
            "/v1/secrets/login",
            new { value = "a token of theirs", use = "git", username = "someone", repos = new[] { $"{host}/*" } });
        await app.AddHookAsync(url: ours.Url, options: new { submodules = true });
        var token = await app.NewTokenAsync(["deploy"], [$"{host}/team-a/*"]);

        var started = await app.AskAsync("POST", "/start", token, new { url = ours.Url, branch = "main", submodules = true });
        var byToken = await world.EndAsync(started.Json.GetProperty("id").GetInt64());
        var pushed = await app.DeliverAsync(Payloads.GithubPush(ours.Url, after: ours.Head));
        var byPush = await world.EndAsync(pushed.Json.GetProperty("deployment_id").GetInt64());
        var byAdmin = await world.DeployAsync(ours, new { submodules = true });

        foreach (var ended in new[] { byToken, byPush })
        {
            Assert.Contains("fetched without any secret", ended.FailedWith("AUTH_REQUIRED", "clone"), StringComparison.Ordinal);
            Assert.DoesNotContain("theirs", ended.Log, StringComparison.Ordinal);
        }

        Assert.Contains("theirs", byAdmin.Succeeded().Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_git_secret_with_deployers_opens_nothing_for_others()
    {
        _world.Git.Authorization = "Basic " + Convert.ToBase64String("someone:a token of theirs"u8);
        var repository = await _world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD [\"true\"]\n"));
        var host = new Uri(repository.Url).Authority;
        var body = new { value = "a token of theirs", use = "git", username = "someone", repos = new[] { $"{host}/*" } };

        await _world.App.PutAsync(
            "/v1/secrets/login", new { body.value, body.use, body.username, body.repos, deployers = new[] { $"{host}/others/*" } });
        var others = await _world.DeployAsync(repository);
        await _world.App.PutAsync(
            "/v1/secrets/login", new { body.value, body.use, body.username, body.repos, deployers = new[] { $"{host}/app*" } });
        var own = await _world.DeployAsync(repository);

        others.FailedWith("AUTH_REQUIRED", "clone");
        own.Succeeded();
    }
}
