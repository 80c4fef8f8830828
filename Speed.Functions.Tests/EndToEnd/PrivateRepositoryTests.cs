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
}
