using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: the tests' own server serves, refuses and hangs as it is told to.</summary>
public sealed class GitServerTests
{
    private static readonly string Temp = Path.GetTempPath();

    [Fact]
    public async Task A_repository_is_served_over_http()
    {
        await using var server = await GitServer.StartAsync();
        using var repository = await server.CreateAsync("app", r => r
            .File("Dockerfile", "FROM busybox\n")
            .Symlink("link", "Dockerfile")
            .Commit("First")
            .File("ü/ä.txt", "x")
            .Commit("Second")
            .AnnotatedTag("v1")
            .Branch("dev").File("dev.txt", "dev")
            .Tag("light"));

        var told = await GitCli.RunAsync(Temp, "ls-remote", "--", repository.Url);

        Assert.Contains($"{repository.Head}\tHEAD", told);
        Assert.Contains($"{repository.Head}\trefs/tags/v1^{{}}", told);
        Assert.Contains($"{await repository.CommitAsync("dev")}\trefs/tags/light", told);
        Assert.NotEqual(repository.Head, await repository.CommitAsync("dev"));
        Assert.Equal("2", await repository.GitAsync("rev-list", "--count", "main"));
        Assert.NotEmpty(server.Requests);
    }

    [Fact]
    public async Task Later_changes_add_to_the_history()
    {
        using var repository = await GitRepository.CreateAsync(r => r.File("a", "1"));
        var first = repository.Head;

        await repository.ChangeAsync(r => r.File("b", "2").Delete("a"));

        Assert.Equal(first, await repository.CommitAsync("main~1"));
        Assert.Equal("b", await repository.GitAsync("ls-tree", "--name-only", "main"));
    }

    [Fact]
    public async Task It_can_refuse()
    {
        await using var server = await GitServer.StartAsync();
        using var repository = await server.CreateAsync("app", r => r.File("a", "1"));
        server.Answer(404);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => GitCli.RunAsync(Temp, "ls-remote", "--", repository.Url));

        Assert.Contains("not found", refused.Message);
    }

    [Fact]
    public async Task It_can_hang()
    {
        await using var server = await GitServer.StartAsync();
        server.Hang();
        using var client = new HttpClient();

        var request = client.GetAsync(server.Url, TestContext.Current.CancellationToken);
        await server.Hanging;

        Assert.False(request.IsCompleted);
    }
}
