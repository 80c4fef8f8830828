using System.Net;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: repositories that a web server hands out file by file.</summary>
public sealed class PlainFileServerTests : IAsyncLifetime
{
    private SourceWorld _world = null!;
    private GitRepository _repository = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        _repository = await _world.Server.CreateAsync("app", r => r
            .File("a", "1").Commit("One").File("a", "2").Commit("Two").AnnotatedTag("v1").Branch("dev").File("a", "3"));
        await _repository.GitAsync("update-server-info");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(null, "2")]
    [InlineData("main", "2")]
    [InlineData("dev", "3")]
    [InlineData("v1", "2")]
    public async Task A_branch_or_tag_is_fetched(string? name, string content)
    {
        await using var server = Serve();

        await using var tree = await _world.FetchAsync($"{server.Address}app.git", name);

        Assert.Equal(content, await tree.ReadTextAsync("a", CancellationToken.None));
        Assert.Contains("The server hands the repository out file by file: fetching the branch with its history", _world.Log);
    }

    [Fact]
    public async Task A_commit_is_fetched_and_one_that_is_missing_is_told()
    {
        await using var server = Serve();
        var first = await _repository.CommitAsync("main~1");

        await using var tree = await _world.FetchAsync($"{server.Address}app.git", "main", first);
        var failure = await _world.FailAsync($"{server.Address}app.git", "main", new string('1', 40));

        Assert.Equal("1", await tree.ReadTextAsync("a", CancellationToken.None));
        Assert.Equal(FailureCode.CommitNotFound, failure.Code);
    }

    [Fact]
    public async Task Submodules_are_fetched_so_too()
    {
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ../app.git\n").Submodule("x", _repository.Head));
        await main.GitAsync("update-server-info");
        await using var server = Serve();

        await using var tree = await _world.FetchAsync($"{server.Address}main.git", submodules: true);

        Assert.Equal("2", await tree.ReadTextAsync("x/a", CancellationToken.None));
    }

    [Fact]
    public async Task What_could_be_read_in_two_ways_is_refused_as_from_every_server()
    {
        var duplicates = await TwiceAsync(_repository);
        await using var server = Serve();

        var byFiles = await _world.FailAsync($"{server.Address}app.git", "twice");
        var byGit = await _world.FailAsync(_repository.Url, "twice");

        Assert.Equal(FailureCode.CloneFailed, byFiles.Code);
        Assert.Equal(
            $"{server.Address}app.git is not taken, for Git finds a fault in it: duplicateEntries: contains duplicate file entries.",
            byFiles.Message);
        Assert.Equal(byFiles.Message.Replace($"{server.Address}app.git", _repository.Url), byGit.Message);
        Assert.Equal(40, duplicates.Length);
    }

    [Fact]
    public async Task No_other_server_is_asked_for_objects_that_it_names()
    {
        var asked = 0;
        await using var other = new ScriptedServer(context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = 404;
            context.Response.Close();
            return Task.CompletedTask;
        });
        var info = Directory.CreateDirectory(Path.Combine(_repository.Folder, "objects", "info")).FullName;
        await File.WriteAllTextAsync(Path.Combine(info, "http-alternates"), $"{other.Address}other.git/objects\n", Now);
        await File.WriteAllTextAsync(Path.Combine(info, "alternates"), $"{other.Address}other.git/objects\n", Now);
        await using var server = Serve();

        await _world.FailAsync($"{server.Address}app.git", "main", new string('1', 40));

        Assert.Equal(0, asked);
    }

    // As any web server does with a folder: the first part of the path is the repository.
    private ScriptedServer Serve() => new(async context =>
    {
        var file = Path.Combine(Path.GetDirectoryName(_repository.Folder)!, context.Request.Url!.AbsolutePath.TrimStart('/'));
        context.Response.StatusCode = File.Exists(file) ? 200 : (int)HttpStatusCode.NotFound;
        await context.Response.OutputStream.WriteAsync(File.Exists(file) ? await File.ReadAllBytesAsync(file) : []);
        context.Response.Close();
    });

    private static async Task<string> TwiceAsync(GitRepository repository)
    {
        var blob = Convert.FromHexString(await repository.GitAsync("rev-parse", "main:a"));
        byte[] entry = [.. "100644 a\0"u8, .. blob];
        var tree = await GitCli.RunAsync(
            repository.Folder, input => input.Write([.. entry, .. entry]), "hash-object", "-w", "--literally", "-t", "tree", "--stdin");
        var commit = await repository.GitAsync(
            "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit-tree", tree, "-m", "Twice");
        await repository.GitAsync("update-ref", "refs/heads/twice", commit);
        await repository.GitAsync("update-server-info");
        return commit;
    }
}
