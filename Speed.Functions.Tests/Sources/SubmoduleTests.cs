using System.Net;
using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: submodules are fetched where they are asked for, by the same rules.</summary>
public sealed class SubmoduleTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("../lib.git")]
    [InlineData("./../lib.git")]
    [InlineData("{0}/lib.git")]
    public async Task Submodules_that_are_asked_for_are_in_the_context(string url)
    {
        var (main, lib) = await CreateAsync(url);

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);
        var context = await SourceWorld.ContextAsync(tree);

        Assert.Equal(["Dockerfile", ".gitmodules", "z", "libs/x/code", "libs/x/run"], SortedFiles(tree));
        Assert.Equal("libs", await tree.ReadTextAsync("libs/x/code", CancellationToken.None));
        Assert.Equal(
            ["Dockerfile", ".gitmodules", "libs/", "libs/x/", "z", "libs/x/code", "libs/x/run"],
            context.Select(entry => entry.Name));
        Assert.Equal("libs", context.Single(entry => entry.Name == "libs/x/code").Content);
        Assert.Contains($"Cloning submodule libs/x: {lib.Url}, commit {lib.Head}", _world.Log);
        Assert.DoesNotContain("Submodule libs/x is not fetched", _world.Log);
    }

    [Fact]
    public async Task Other_contents_of_a_submodule_are_another_tree_and_so_is_its_absence()
    {
        var (main, lib) = await CreateAsync("../lib.git");
        await using var first = await _world.FetchAsync(main.Url, submodules: true);
        await using var again = await _world.FetchAsync(main.Url, submodules: true);
        await using var without = await _world.FetchAsync(main.Url);
        await lib.ChangeAsync(r => r.File("code", "other"));
        await main.ChangeAsync(r => r.Submodule("libs/x", lib.Head));
        await using var second = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal(first.TreeId, again.TreeId);
        Assert.Equal(3, new[] { first.TreeId, without.TreeId, second.TreeId }.Distinct().Count());
        Assert.Equal("other", await second.ReadTextAsync("libs/x/code", CancellationToken.None));
    }

    [Fact]
    public async Task Submodules_of_submodules_and_below_a_subdirectory_are_fetched_at_their_commits()
    {
        var inner = await _world.Server.CreateAsync("inner", r => r.File("deep", "old"));
        var old = inner.Head;
        await inner.ChangeAsync(r => r.File("deep", "new"));
        var lib = await _world.Server.CreateAsync("lib", r => r
            .File(".gitmodules", Modules("in", "../inner.git")).Submodule("in", old));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Modules("web/lib", "../lib.git") + Modules("other", "../gone.git"))
            .File("web/Dockerfile", "FROM busybox\n").Submodule("web/lib", lib.Head).Submodule("other", old));

        await using var tree = await _world.FetchAsync(main.Url, folder: "web", submodules: true);

        Assert.Equal("old", await tree.ReadTextAsync("lib/in/deep", CancellationToken.None));
        Assert.Equal(["Dockerfile", "lib/.gitmodules", "lib/in/deep"], tree.Files.Select(file => file.Path));
        Assert.Contains("3 files, 64 bytes, in folder web, of 2 submodules too", _world.Log);
    }

    [Theory]
    [InlineData("http://[::1]:9/lib.git", FailureCode.HostNotAllowed)]
    [InlineData("http://127.0.0.2:9/lib.git", FailureCode.HostNotAllowed)]
    [InlineData("http://git.example/lib.git", FailureCode.HostNotAllowed)]
    [InlineData("ssh://git@git.example/lib.git", FailureCode.CloneFailed)]
    [InlineData("ext::sh -c 'touch {0}'", FailureCode.CloneFailed)]
    [InlineData("--upload-pack=touch {0}", FailureCode.CloneFailed)]
    [InlineData("-u./evil", FailureCode.CloneFailed)]
    [InlineData("file:///{0}", FailureCode.CloneFailed)]
    [InlineData("http://user:password@127.0.0.1/lib.git", FailureCode.CloneFailed)]
    [InlineData("../../../../lib.git", FailureCode.CloneFailed)]
    [InlineData("../x/%2e%2e/lib.git", FailureCode.CloneFailed)]
    [InlineData("../x%2f..%2flib.git", FailureCode.CloneFailed)]
    [InlineData("/etc", FailureCode.CloneFailed)]
    public async Task The_address_of_a_submodule_is_judged_as_every_other(string url, FailureCode code)
    {
        var canary = Path.Combine(_world.Options.WorkFolder, "canary");
        _world.Options.AllowedSchemes = ["https", "http"];
        _world.Options.Resolve = (_, _) => Task.FromResult(new[] { IPAddress.Loopback });
        var (main, _) = await CreateAsync(url.Replace("{0}", canary));

        var failure = await _world.FailAsync(main.Url, submodules: true);

        Assert.Equal(code, failure.Code);
        Assert.False(File.Exists(canary));
        Assert.Empty(_world.Workspaces);
    }

    [Fact]
    public async Task A_submodule_without_an_address_or_commit_is_told()
    {
        var lib = await _world.Server.CreateAsync("lib", r => r.File("a", "1"));
        var nowhere = await _world.Server.CreateAsync("nowhere", r => r.Submodule("x", lib.Head));
        var gone = await _world.Server.CreateAsync("gone", r => r
            .File(".gitmodules", Modules("x", "../lib.git")).Submodule("x", new string('1', 40)));

        var first = await _world.FailAsync(nowhere.Url, submodules: true);
        var second = await _world.FailAsync(gone.Url, submodules: true);

        Assert.Equal("Submodule `x` cannot be fetched: `.gitmodules` does not say where it comes from.", first.Message);
        Assert.Equal(FailureCode.CommitNotFound, second.Code);
        Assert.Contains(lib.Url, second.Message);
    }

    [Fact]
    public async Task Redirects_of_submodules_are_followed_by_the_same_rules()
    {
        var (main, lib) = await CreateAsync("../moved");
        _world.Server.RedirectTo = request => request.Path == "/moved/info/refs"
            ? $"/lib.git/info/refs{request.QueryString}"
            : null;
        await using var tree = await _world.FetchAsync(main.Url, submodules: true);
        _world.Server.RedirectTo = request => request.Path == "/moved/info/refs"
            ? $"http://127.0.0.2:9/lib.git/info/refs{request.QueryString}"
            : null;

        var failure = await _world.FailAsync(main.Url, submodules: true);

        Assert.Equal("libs", await tree.ReadTextAsync("libs/x/code", CancellationToken.None));
        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
    }

    [Fact]
    public async Task A_submodule_gets_only_a_credential_that_matches_it()
    {
        await using var other = await GitServer.StartAsync();
        var lib = await other.CreateAsync("lib", r => r.File("a", "1"));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Modules("x", lib.Url)).Submodule("x", lib.Head));
        _world.Server.Authorization = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ada:secret"));
        _world.Credentials = [new Credential("TOKEN", [Glob.TargetOf(_world.Server.Url) + "/*"], "ada", "secret")];

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("1", await tree.ReadTextAsync("x/a", CancellationToken.None));
        Assert.All(other.Authorizations, Assert.Empty);
        Assert.NotEmpty(other.Authorizations);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("*", true)]
    [InlineData("team-b/*", true)]
    [InlineData("team-a/*", false)]
    [InlineData("", false)]
    public async Task A_submodule_gets_a_secret_only_where_whoever_deploys_might_deploy_it(string? repos, bool gets)
    {
        _world.Server.Authorization = Ada;
        _world.Credentials = [new Credential("TOKEN", ["*"], "ada", "secret")];
        _world.Repos = Repos(repos);
        var main = await PrivateAsync("../../team-b/vault.git");

        var (tree, failure) = await TryAsync(main);

        Assert.Equal(gets, failure is null);
        Assert.All(ShownAt("/team-b/"), shown => Assert.Equal(gets ? Ada : "", shown));
        Assert.All(ShownAt("/team-a/"), shown => Assert.Equal(Ada, shown));
        if (tree is not null)
        {
            await tree.DisposeAsync();
            return;
        }

        Assert.Equal(FailureCode.AuthRequired, failure!.Code);
        Assert.Equal(
            $"{_world.Server.Url}/team-b/vault.git does not exist or is private: it was fetched without any secret, for it is "
            + "none of the `repos` of the token or hook that this was deployed by.",
            failure.Message);
        Assert.Contains("a token whose `repos` match it", failure.Hint);
        Assert.Contains("the hook's `repos`", failure.Hint);
    }

    [Fact]
    public async Task A_submodule_that_is_for_everybody_is_fetched_without_a_secret()
    {
        _world.Credentials = [new Credential("TOKEN", ["*"], "ada", "secret")];
        _world.Repos = Repos("team-a/*");
        var main = await PrivateAsync("{0}/team-b/vault.git");

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("secret", await tree.ReadTextAsync("x/vault", CancellationToken.None));
        Assert.All(ShownAt("/team-b/"), Assert.Empty);
        Assert.NotEmpty(ShownAt("/team-b/"));
    }

    [Fact]
    public async Task A_submodule_that_a_server_denies_to_have_is_told_with_the_reason_too()
    {
        _world.Repos = Repos("team-a/*");
        var main = await PrivateAsync("../../team-b/none.git");

        var (_, failure) = await TryAsync(main);

        Assert.Equal(FailureCode.AuthRequired, failure!.Code);
        Assert.Contains("fetched without any secret", failure.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_redirect_of_a_submodule_leaves_the_secret_behind_where_whoever_deploys_might_not_deploy(bool isPrivate)
    {
        _world.Credentials = [new Credential("TOKEN", ["*"], "ada", "secret")];
        _world.Repos = Repos("team-a/*");
        _world.Server.Authorization = isPrivate ? Ada : null;
        _world.Server.RedirectTo = request => request.Path == "/team-a/moved/info/refs"
            ? $"/team-b/vault.git/info/refs{request.QueryString}"
            : null;
        var main = await PrivateAsync("../moved");

        var (tree, failure) = await TryAsync(main);
        await (tree?.DisposeAsync() ?? default);

        Assert.Equal(isPrivate ? FailureCode.AuthRequired : null, failure?.Code);
        Assert.All(ShownAt("/team-b/"), Assert.Empty);
        Assert.NotEmpty(ShownAt("/team-b/"));
        Assert.Contains(Ada, ShownAt("/team-a/moved"));
    }

    [Fact]
    public async Task A_submodule_of_a_submodule_is_judged_as_the_first()
    {
        var vault = await VaultAsync();
        var lib = await _world.Server.CreateAsync("team-a/lib", r => r
            .File(".gitmodules", Modules("in", "../../team-b/vault.git")).Submodule("in", vault.Head));
        var main = await _world.Server.CreateAsync("team-a/app", r => r
            .File(".gitmodules", Modules("x", "../lib.git")).Submodule("x", lib.Head));
        _world.Server.Authorization = Ada;
        _world.Credentials = [new Credential("TOKEN", ["*"], "ada", "secret")];
        _world.Repos = Repos("team-a/*");

        var (_, failure) = await TryAsync(main);

        Assert.Equal(FailureCode.AuthRequired, failure!.Code);
        Assert.DoesNotContain("", ShownAt("/team-a/lib"));
        Assert.All(ShownAt("/team-b/"), Assert.Empty);
    }

    // It asks for no secret, and is read by who SPEED runs as.
    [Theory]
    [InlineData("*", true)]
    [InlineData("team-a/*", false)]
    public async Task A_submodule_on_this_machine_is_had_only_where_whoever_deploys_might_deploy_it(string repos, bool had)
    {
        using var disk = await GitRepository.CreateAsync(r => r.File("vault", "secret"));
        var main = await _world.Server.CreateAsync("team-a/app", r => r
            .File(".gitmodules", Modules("x", disk.Url)).Submodule("x", disk.Head));
        _world.Repos = Repos(repos == "*" ? null : repos);

        var (tree, failure) = await TryAsync(main);
        await (tree?.DisposeAsync() ?? default);

        Assert.Equal(had ? null : FailureCode.AuthRequired, failure?.Code);
    }

    [Theory]
    [InlineData(5, 1 << 20, 100, 1 << 20)]
    [InlineData(6, 200_000, 100, 1 << 20)]
    [InlineData(6, 1 << 20, 1, 1 << 20)]
    [InlineData(6, 1 << 20, 100, 200_000)]
    public async Task Submodules_count_with_their_repository(int files, int bytes, int depth, long fetched)
    {
        (_world.Options.TreeMaxFiles, _world.Options.TreeMaxBytes) = (files, bytes);
        (_world.Options.TreeMaxDepth, _world.Options.FetchMaxBytes) = (depth, fetched);
        var lib = await _world.Server.CreateAsync("lib", r => r.Large("big", 120_000, random: true));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Modules("libs/x", "../lib.git")).Large("big", 120_000, random: true)
            .File("a", "1").File("b", "2").Submodule("libs/x", lib.Head));
        await using var alone = await _world.FetchAsync(main.Url);

        var failure = await _world.FailAsync(main.Url, submodules: true);

        Assert.Equal(FailureCode.RepoTooLarge, failure.Code);
    }

    private static readonly string Ada = "Basic " + Convert.ToBase64String("ada:secret"u8);

    private Task<GitRepository> VaultAsync() => _world.Server.CreateAsync("team-b/vault", r => r.File("vault", "secret"));

    // One team's repository, with another team's as a submodule.
    private async Task<GitRepository> PrivateAsync(string url)
    {
        var vault = await VaultAsync();
        return await _world.Server.CreateAsync("team-a/app", r => r
            .File(".gitmodules", Modules("x", string.Format(url, _world.Server.Url))).Submodule("x", vault.Head));
    }

    private async Task<(ISourceTree? Tree, DeploymentFailedException? Failure)> TryAsync(GitRepository main)
    {
        try
        {
            return (await _world.FetchAsync(main.Url, submodules: true), null);
        }
        catch (DeploymentFailedException failure)
        {
            return (null, failure);
        }
    }

    // Null: all; empty: none beside the deployment's own.
    private string[]? Repos(string? pattern) => pattern switch
    {
        null => null,
        "" => [],
        _ => [$"{new Uri(_world.Server.Url).Authority}/{pattern}"],
    };

    private IEnumerable<string> ShownAt(string path) =>
        from one in _world.Server.Requests.Zip(_world.Server.Authorizations)
        where one.First.Split(' ')[1].StartsWith(path, StringComparison.Ordinal)
        select one.Second;

    private async Task<(GitRepository Main, GitRepository Lib)> CreateAsync(string url)
    {
        var lib = await _world.Server.CreateAsync("lib", r => r
            .File("code", "libs").Executable("run", "#!/bin/sh\n"));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Modules("libs/x", string.Format(url, _world.Server.Url)))
            .File("Dockerfile", "FROM busybox\n").File("z", "1").Submodule("libs/x", lib.Head));
        return (main, lib);
    }

    private static string Modules(string path, string url) =>
        $"[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n";

    private static IEnumerable<string> SortedFiles(ISourceTree tree) =>
        tree.Files.Select(file => file.Path).OrderBy(path => path != "Dockerfile").ThenBy(path => path.Count(c => c == '/'));
}
