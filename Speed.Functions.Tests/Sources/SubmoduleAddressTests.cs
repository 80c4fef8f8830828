using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: where submodules come from, and which of them do not.</summary>
public sealed class SubmoduleAddressTests : IAsyncLifetime
{
    private SourceWorld _world = null!;
    private GitRepository _lib = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        _lib = await _world.Server.CreateAsync("owner/lib", r => r.File("code", "libs"));
        _world.Options.AllowedSchemes = ["https", "http"];
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("git@127.0.0.1:owner/lib.git")]
    [InlineData("127.0.0.1:owner/lib")]
    [InlineData("ssh://git@127.0.0.1/owner/lib.git")]
    [InlineData("ssh://127.0.0.1:22/owner/lib.git")]
    [InlineData("git@127.0.0.1:/owner/lib.git")]
    public async Task A_neighbour_that_is_written_as_for_ssh_is_fetched_as_its_repository_is(string url)
    {
        var main = await MainAsync(url);

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("libs", await tree.ReadTextAsync("x/code", CancellationToken.None));
        Assert.Contains(_world.Log, line => line.StartsWith($"Cloning submodule x: {_world.Server.Url}/owner/lib", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("git@localhost:owner/lib.git")]
    [InlineData("deploy@127.0.0.1:owner/lib.git")]
    [InlineData("ssh://git@127.0.0.1:2222/owner/lib.git")]
    public async Task Another_server_or_user_is_none(string url)
    {
        var main = await MainAsync(url);

        var failure = await _world.FailAsync(main.Url, submodules: true);

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Contains("scheme `ssh` is not allowed", failure.Message);
    }

    [Fact]
    public async Task One_that_there_is_a_key_for_is_fetched_as_it_is_written()
    {
        const string Written = "git@127.0.0.1:owner/lib.git";
        _world.Options.AllowedSchemes = ["https", "http", "ssh"];
        _world.Credentials = [new Credential("KEY", ["127.0.0.1/owner/*"], null, "-----BEGIN OPENSSH PRIVATE KEY-----\n")];
        var main = await MainAsync(Written);

        await _world.FailAsync(main.Url, submodules: true);

        Assert.Contains(_world.Log, line => line.StartsWith($"Cloning submodule x: {Written},", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_neighbour_is_had_with_the_secret_for_it()
    {
        _world.Server.Authorization = "Basic YWRhOnNlY3JldA==";
        _world.Credentials = [new Credential("TOKEN", ["*"], "ada", "secret")];
        var main = await MainAsync("git@127.0.0.1:owner/lib.git");

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("libs", await tree.ReadTextAsync("x/code", CancellationToken.None));
    }

    [Fact]
    public async Task One_that_git_is_told_to_leave_out_is_left_out_wherever_it_comes_from()
    {
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Modules("x", "../owner/lib.git") + Modules("far", "git@git.example:a/b.git") + "\tupdate = none\n")
            .Submodule("x", _lib.Head).Submodule("far", new string('1', 40)));

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("libs", await tree.ReadTextAsync("x/code", CancellationToken.None));
        Assert.Contains("Submodule far is left out, for `.gitmodules` has `update = none` for it", _world.Log);
    }

    private Task<GitRepository> MainAsync(string url) => _world.Server.CreateAsync("owner/main", r => r
        .File(".gitmodules", Modules("x", url)).Submodule("x", _lib.Head));

    private static string Modules(string path, string url) => $"[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n";
}
