using Speed.Deployments;
using Speed.Sources;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: nothing that a repository or the environment holds is run.</summary>
public sealed class GitSafetyTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    private string Canary => Path.Combine(_world.Options.WorkFolder, "canary");

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_cancelled_fetch_of_a_server_that_hangs_leaves_nothing()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        _world.Server.HangForGit();

        await CancelWhileHangingAsync(repository);
    }

    [Fact]
    public async Task A_cancelled_fetch_of_a_server_that_does_not_even_say_where_to_go_leaves_nothing()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        _world.Server.Hang();
        using var canceling = new CancellationTokenSource();
        var fetching = _world.FetchAsync(SourceWorld.Deployment(repository.Url), canceling.Token);
        await _world.Server.Hanging;

        await canceling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);
        Assert.Empty(_world.Workspaces);
    }

    [Fact]
    public async Task Nothing_is_checked_out_and_there_is_no_hook()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("hooks/post-checkout", "#!/bin/sh\n"));

        await using var tree = await _world.FetchAsync(repository.Url);
        var files = Directory.GetFiles(_world.Options.WorkFolder, "*", SearchOption.AllDirectories);

        Assert.Contains(files, file => file.EndsWith(".pack", StringComparison.Ordinal));
        Assert.DoesNotContain(files, file => file.Contains("hooks", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_fetch_of_objects_that_never_end_leaves_nothing()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        _world.Server.HangInPack();

        await CancelWhileHangingAsync(repository);
    }

    [Fact]
    public async Task The_workspace_is_private_and_gone_after_use()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        var tree = await _world.FetchAsync(repository.Url);
        var mode = new DirectoryInfo(Assert.Single(_world.Workspaces)).UnixFileMode;
        await tree.DisposeAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, mode);
        Assert.Empty(_world.Workspaces);
    }

    [Fact]
    public async Task What_a_dead_process_left_is_removed_and_nothing_else()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        await _world.FetchAsync(repository.Url);
        var other = Directory.CreateDirectory(Path.Combine(_world.Options.WorkFolder, "other")).FullName;

        new GitSource(_world.Options, TimeProvider.System).RemoveLeftovers();

        Assert.Equal([other], _world.Workspaces);
    }

    [Theory]
    [InlineData("url.file:///nowhere/.insteadOf", "http://")]
    [InlineData("http.proxy", "http://127.0.0.1:9")]
    public async Task Settings_in_our_own_environment_do_not_reach_git(string key, string value)
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        Environment.SetEnvironmentVariable("GIT_CONFIG_COUNT", "1");
        Environment.SetEnvironmentVariable("GIT_CONFIG_KEY_0", key);
        Environment.SetEnvironmentVariable("GIT_CONFIG_VALUE_0", value);
        try
        {
            await using var tree = await _world.FetchAsync(repository.Url);

            Assert.Equal(repository.Head, tree.Commit);
        }
        finally
        {
            Environment.SetEnvironmentVariable("GIT_CONFIG_COUNT", null);
            Environment.SetEnvironmentVariable("GIT_CONFIG_KEY_0", null);
            Environment.SetEnvironmentVariable("GIT_CONFIG_VALUE_0", null);
        }
    }

    [Fact]
    public async Task The_settings_of_a_repository_that_we_stand_in_do_not_reach_git()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        Directory.CreateDirectory(_world.Options.WorkFolder);
        await GitCli.RunAsync(_world.Options.WorkFolder, "init", "--quiet", ".");
        await GitCli.RunAsync(_world.Options.WorkFolder, "config", "url.file:///nowhere/.insteadOf", "http://");

        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_url_or_branch_that_looks_like_an_option_is_refused()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        var url = await _world.FailAsync($"--upload-pack=touch {Canary}");
        var branch = await _world.FailAsync(repository.Url, $"--upload-pack=touch {Canary}");

        Assert.Equal(FailureCode.CloneFailed, url.Code);
        Assert.Equal(FailureCode.CloneFailed, branch.Code);
        Assert.False(File.Exists(Canary));
    }

    // The rules above refuse them first; this is what holds if they ever do not.
    [Fact]
    public async Task Git_itself_is_never_given_a_url_or_branch_as_an_option()
    {
        Directory.CreateDirectory(_world.Options.WorkFolder);
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        var git = new Git(_world.Options, _world.Options.WorkFolder);
        var option = $"--upload-pack=touch '{Canary}';";

        await Assert.ThrowsAsync<DeploymentFailedException>(
            () => new GitRemote(git, new GitRoute(option)).ResolveAsync("main", CancellationToken.None));
        await Assert.ThrowsAsync<DeploymentFailedException>(
            () => new GitRemote(git, new GitRoute(repository.Url)).ResolveAsync(option, CancellationToken.None));
        Assert.False(File.Exists(Canary));

        await git.RunAsync(CancellationToken.None, "ls-remote", option, new Uri(repository.Folder).AbsoluteUri);
        Assert.True(File.Exists(Canary), "the canary cannot sing: this test cannot fail");
    }

    [Theory]
    [InlineData("ext::sh -c 'touch {0}'")]
    [InlineData("file:///{0}")]
    public async Task A_scheme_that_is_not_allowed_is_refused_by_git_too(string url)
    {
        _world.Options.AllowedSchemes = ["https"];
        Directory.CreateDirectory(_world.Options.WorkFolder);
        var git = new Git(_world.Options, _world.Options.WorkFolder);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => new GitRemote(git, new GitRoute(url.Replace("{0}", Canary))).ResolveAsync(null, CancellationToken.None));

        Assert.Contains("not allowed", failure.Message);
        Assert.False(File.Exists(Canary));
    }

    private async Task CancelWhileHangingAsync(GitRepository repository)
    {
        using var canceling = new CancellationTokenSource();
        var fetching = _world.FetchAsync(SourceWorld.Deployment(repository.Url), canceling.Token);
        await _world.Server.Hanging;
        Assert.NotEmpty(GitProcesses.Naming(_world.Options.WorkFolder));

        await canceling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);
        Assert.Empty(GitProcesses.Naming(_world.Options.WorkFolder));
        Assert.Empty(_world.Workspaces);
    }
}
