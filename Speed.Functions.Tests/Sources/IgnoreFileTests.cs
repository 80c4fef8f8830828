using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: ignore files that are links, UTF-16, or cannot be read.</summary>
public sealed class IgnoreFileTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task What_is_ignored_is_left_out_the_Dockerfile_and_the_ignore_file_too()
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", "*\n!src\n**/*.log\n")
            .File("Dockerfile", "FROM x\n").File("README.md", "x").File("src/a.cs", "1").File("src/deep/a.log", "2"));

        Assert.Equal(["src/", "src/a.cs", "src/deep/"], await SourceWorld.PathsAsync(tree));
    }

    [Fact]
    public async Task A_folder_that_is_left_out_is_there_for_what_is_kept_in_it()
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", "*\n!src/deep/a\n").File("src/deep/a", "1").File("src/b", "2"));

        Assert.Equal(["src/", "src/deep/", "src/deep/a"], await SourceWorld.PathsAsync(tree));
    }

    [Fact]
    public async Task The_legacy_builder_is_told_to_leave_out_a_Dockerfile_that_is_ignored()
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", "*\n!src\n").File("a [b]*?", "FROM x\n").File("src/a", "1"));

        var entries = await SourceWorld.ContextAsync(tree, "a [b]*?");

        Assert.Equal(["a [b]*?", ".dockerignore", "src/", "src/a"], entries.Select(entry => entry.Name));
        Assert.Equal(".dockerignore\na \\[b]\\*\\?\n", entries[1].Content);
    }

    [Fact]
    public async Task An_ignore_file_that_is_kept_and_names_the_Dockerfile_stays_as_it_is()
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", "Dockerfile\n").File("Dockerfile", "FROM x\n"));

        var entries = await SourceWorld.ContextAsync(tree);

        Assert.Equal(["Dockerfile", ".dockerignore"], entries.Select(entry => entry.Name));
        Assert.Equal("Dockerfile\n", entries[1].Content);
    }

    [Fact]
    public async Task A_Dockerfile_that_was_sent_along_is_no_file_of_the_context()
    {
        await using var tree = await FetchAsync(r => r.File(".dockerignore", "*.log\n").File("a", "1"));

        var entries = await SourceWorld.ContextAsync(tree);

        Assert.Equal(["Dockerfile", ".dockerignore", "a"], entries.Select(entry => entry.Name));
        Assert.Equal("*.log\n\nDockerfile\n", entries[1].Content);
        Assert.Equal([".dockerignore", "a"], await SourceWorld.PathsAsync(tree));
    }

    [Fact]
    public async Task An_ignore_file_of_the_Dockerfiles_own_comes_before_the_general_one()
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", "a\n").File("docker/web.dockerignore", "b\n*ignore\n**/*ignore\n")
            .File("docker/web", "FROM x").File("a", "1").File("b", "2"));

        Assert.Equal(["a", "docker/", "docker/web"], await SourceWorld.PathsAsync(tree, "docker/web"));
    }

    [Fact]
    public async Task An_ignore_file_that_is_a_link_inside_the_context_is_followed()
    {
        await using var tree = await FetchAsync(r => r
            .Symlink(".dockerignore", "./conf/../conf/docker/ignore").Symlink("conf", "etc/conf")
            .Symlink("etc/conf/docker/ignore", "../../rules").File("etc/rules", "secret\n")
            .File("secret", "1").File("kept", "2"));
        var paths = await SourceWorld.PathsAsync(tree);

        Assert.Contains("kept", paths);
        Assert.DoesNotContain("secret", paths);
    }

    [Fact]
    public async Task So_is_one_of_the_Dockerfiles_own_name_into_a_submodule()
    {
        var rules = await _world.Server.CreateAsync("rules", r => r.File("ignore", "secret\n"));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", "[submodule \"r\"]\n\tpath = r\n\turl = ../rules.git\n").Submodule("r", rules.Head)
            .Symlink("web.dockerignore", "r/ignore").File("web", "FROM x").File("secret", "1"));
        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.DoesNotContain("secret", await SourceWorld.PathsAsync(tree, "web"));
    }

    [Theory]
    [InlineData("../outside", "it is a link that leads out of the build context")]
    [InlineData("sub/../../outside", "it is a link that leads out of the build context")]
    [InlineData("/etc/passwd", "it is a link that leads out of the build context, to `/etc/passwd`")]
    [InlineData("nowhere", "it is a link to `nowhere`, where nothing is")]
    [InlineData("file/below", "it is a link to `file/below`, where nothing is")]
    [InlineData(".dockerignore", "it is a link that leads back to itself")]
    [InlineData("sub", "it is a link to `sub`, which is no file")]
    public async Task A_link_that_leads_to_no_file_of_the_context_fails_the_build(string target, string why)
    {
        await using var tree = await FetchAsync(r => r
            .Symlink("app/.dockerignore", target).File("app/file", "1").File("app/sub/a", "1").File("outside", "secret"),
            folder: "app");

        Assert.Equal($"`.dockerignore` could not be read: {why}.", (await FailAsync(tree)).Message);
    }

    [Fact]
    public async Task A_folder_of_that_name_fails_the_build()
    {
        await using var tree = await FetchAsync(r => r.File(".dockerignore/a", "1"));

        Assert.Equal("`.dockerignore` could not be read: it is no file.", (await FailAsync(tree)).Message);
    }

    [Fact]
    public async Task One_that_is_too_large_fails_the_build()
    {
        await using var tree = await FetchAsync(r => r.Large(".dockerignore", (1 << 20) + 65536));

        Assert.Equal("`.dockerignore` could not be read: it is larger than 1 MiB.", (await FailAsync(tree)).Message);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-8")]
    public async Task One_with_a_mark_is_read_by_it(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", [.. encoding.GetPreamble(), .. encoding.GetBytes("# ü\r\nsecret\r\nünï\r\n")])
            .File("secret", "1").File("ünï", "2").File("kept", "3").File("Dockerfile", "x"));

        Assert.Equal([".dockerignore", "Dockerfile", "kept"], await SourceWorld.PathsAsync(tree));
    }

    [Theory]
    [InlineData("s\0e\0c\0r\0e\0t\0\n\0", "it has zero bytes, as UTF-16 without its mark has: save it as UTF-8")]
    [InlineData("\u00FF\u00FEa\0\n", "it begins as UTF-16, and is none")]
    public async Task One_that_is_no_text_fails_the_build(string bytes, string why)
    {
        await using var tree = await FetchAsync(r => r
            .File(".dockerignore", Encoding.Latin1.GetBytes(bytes)).File("secret", "1"));

        Assert.Equal($"`.dockerignore` could not be read: {why}.", (await FailAsync(tree)).Message);
    }

    [Fact]
    public async Task One_that_Docker_refuses_is_told_with_its_line()
    {
        await using var tree = await FetchAsync(r => r.File(".dockerignore", "# fine\n*.log\n[a\n"));

        Assert.Equal("`.dockerignore` cannot be used: line 3, `[a`, is not a pattern.", (await FailAsync(tree)).Message);
    }

    private async Task<ISourceTree> FetchAsync(Action<GitChanges> changes, string folder = ".") =>
        await _world.FetchAsync((await _world.Server.CreateAsync("app", changes)).Url, folder: folder);

    private static async Task<DeploymentFailedException> FailAsync(ISourceTree tree)
    {
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => SourceWorld.TarAsync(tree));
        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        return failure;
    }
}
