using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: what a build may see of a repository, and what it is told of it.</summary>
public sealed class SourceTreeTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("services/web")]
    [InlineData("./services//web/")]
    [InlineData("services/api/../web")]
    public async Task A_subdirectory_is_all_that_is_seen(string folder)
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("README.md", "top").File("services/web/Dockerfile", "FROM a\n").File("services/web/src/x", "1"));

        await using var tree = await _world.FetchAsync(repository.Url, folder: folder);

        Assert.Equal(["Dockerfile", "src/x"], tree.Files.Select(file => file.Path));
        Assert.Equal(await repository.GitAsync("rev-parse", "main:services/web"), tree.TreeId);
        Assert.Equal("FROM a\n", await tree.ReadTextAsync("./Dockerfile", CancellationToken.None));
        Assert.Null(await tree.ReadTextAsync("../../README.md", CancellationToken.None));
        Assert.Contains("2 files, 8 bytes, in folder services/web", _world.Log);
    }

    [Theory]
    [InlineData("nope")]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("web^{tree}")]
    public async Task A_missing_subdirectory_is_told_with_those_that_exist(string folder)
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("file", "x").File("web/a", "1").File("api/a", "1").Symlink("link", "web"));

        var failure = await _world.FailAsync(repository.Url, folder: folder);

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.StartsWith($"The repository has no folder `{folder}`", failure.Message);
        Assert.Equal("It has `api`, `web`.", failure.Hint);
    }

    [Fact]
    public async Task A_subdirectory_cannot_lead_out()
    {
        var failure = await _world.FailAsync("http://127.0.0.1:9/app", folder: "a/../../b");

        Assert.Equal("`a/../../b` leads out of the repository.", failure.Message);
    }

    [Fact]
    public async Task Text_is_read_of_regular_files_up_to_1_MiB()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("full", new string('x', 1024 * 1024))
            .File("over", new string('x', 1024 * 1024 + 1))
            .File("bom", "\uFEFFFROM ü\n")
            .File("odd \"name\"\nü", "odd")
            .Symlink("link", "full"));

        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Equal(1024 * 1024, (await tree.ReadTextAsync("full", CancellationToken.None))?.Length);
        Assert.Equal("FROM ü\n", await tree.ReadTextAsync("bom", CancellationToken.None));
        Assert.Equal(1024 * 1024, (await tree.ReadTextAsync("link", CancellationToken.None))?.Length);
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => tree.ReadTextAsync("over", CancellationToken.None));
        Assert.Equal("`over` could not be read: it is larger than 1 MiB.", failure.Message);
        Assert.Null(await tree.ReadTextAsync("none", CancellationToken.None));
        Assert.Contains(tree.Files, file => file.Path == "odd \"name\"\nü");
        Assert.False(tree.Files.Single(file => file.Path == "link").IsRegular);
    }

    [Fact]
    public async Task Submodules_and_pointers_to_LFS_are_told()
    {
        const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        var repository = await _world.Server.CreateAsync("app", r => r
            .File(".gitattributes", "*.png filter=lfs diff=lfs merge=lfs -text\n")
            .File("web/logo.png", Pointer)
            .File("web/plain.txt", new string('x', 200))
            .File("web/icon.png", Pointer)
            .Submodule("web/libs/x", "1234567890123456789012345678901234567890"));

        await using var tree = await _world.FetchAsync(repository.Url, folder: "web");

        Assert.Contains("Submodule libs/x is not fetched", _world.Log);
        Assert.Contains(
            "2 files are pointers to Git LFS, whose contents are not fetched: icon.png, logo.png", _world.Log);
        Assert.False(tree.Files.Single(file => file.Path == "libs/x").IsRegular);
    }

    [Fact]
    public async Task A_tree_of_too_many_files_is_refused()
    {
        _world.Options.TreeMaxFiles = 2;
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "").File("b", "").File("c/d", ""));

        var failure = await _world.FailAsync(repository.Url);
        await using var tree = await _world.FetchAsync(repository.Url, folder: "c");

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Contains("more than 2 files", failure.Message);
        Assert.Single(_world.Workspaces);
    }

    [Fact]
    public async Task A_tree_of_too_many_bytes_is_refused()
    {
        _world.Options.TreeMaxBytes = 5 * 1024;
        var repository = await _world.Server.CreateAsync("app", r => r.Large("a", 3000).Large("b", 3000));

        var failure = await _world.FailAsync(repository.Url);

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Contains("more than 5 KiB", failure.Message);
    }

    [Fact]
    public async Task A_tree_that_is_too_deep_is_refused()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File(string.Concat(Enumerable.Repeat("d/", 101)) + "a", "1")
            .Branch("fine").Delete("d").File(string.Concat(Enumerable.Repeat("d/", 100)) + "a", "1"));

        var failure = await _world.FailAsync(repository.Url, "main");
        await using var tree = await _world.FetchAsync(repository.Url, "fine");

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Single(tree.Files);
    }

    [Fact]
    public async Task A_fetch_that_brings_too_much_is_ended()
    {
        _world.Options.FetchMaxBytes = 512 * 1024;
        var repository = await _world.Server.CreateAsync("app", r => r.Large("a", 1024 * 1024, random: true));

        var failure = await _world.FailAsync(repository.Url);

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
        Assert.Contains("more than 512 KiB", failure.Message);
        Assert.Empty(_world.Workspaces);
    }

    [Fact]
    public async Task Names_that_are_too_long_or_too_many_are_refused()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("x", "1"));
        await NameAsync("long", [new string('n', 4_097)]);
        await NameAsync("fine", [new string('n', 4_096), new string('m', 4_096)]);

        var tooLong = await _world.FailAsync(repository.Url, "long");
        await using (var fine = await _world.FetchAsync(repository.Url, "fine"))
        {
            Assert.Equal(2, fine.Files.Count);
        }

        _world.Options.TreeMaxNameBytes = 8_191;
        var tooMany = await _world.FailAsync(repository.Url, "fine");

        Assert.Equal((FailureCode.RepoTooLarge, FailureCode.RepoTooLarge), (tooLong.Code, tooMany.Code));
        Assert.Equal("The repository has a path of more than 4,096 bytes.", tooLong.Message);
        Assert.Equal("The names of the repository's files have more than 8 KiB together.", tooMany.Message);

        async Task NameAsync(string branch, string[] names)
        {
            var blob = await repository.GitAsync("rev-parse", "main:x");
            var tree = await GitCli.RunAsync(repository.Folder, input =>
            {
                using var writer = new StreamWriter(input);
                foreach (var name in names.Order(StringComparer.Ordinal))
                {
                    writer.Write($"100644 blob {blob}\t{name}\n");
                }
            }, "mktree");
            var commit = await repository.GitAsync(
                "-c", "user.name=a", "-c", "user.email=b@c", "commit-tree", "-m", "Names", tree);
            await repository.GitAsync("update-ref", $"refs/heads/{branch}", commit);
        }
    }

    // Ten trees of ten entries each, all the same one below: a gigantic tree in a few objects.
    [Fact]
    public async Task A_tree_of_a_thousand_million_files_is_refused_at_once()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("x", "1"));
        var tree = await repository.GitAsync("rev-parse", "main^{tree}");
        for (var level = 0; level < 9; level++)
        {
            var below = tree;
            tree = await GitCli.RunAsync(repository.Folder, input =>
            {
                using var writer = new StreamWriter(input);
                foreach (var i in Enumerable.Range(0, 10))
                {
                    writer.Write($"040000 tree {below}\td{i}\n");
                }
            }, "mktree");
        }

        var commit = await repository.GitAsync(
            "-c", "user.name=a", "-c", "user.email=b@c", "commit-tree", "-m", "Bomb", tree);
        await repository.GitAsync("update-ref", "refs/heads/bomb", commit);

        var failure = await _world.FailAsync(repository.Url, "bomb");

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
    }
}
