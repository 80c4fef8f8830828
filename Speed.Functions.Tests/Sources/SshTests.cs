using System.Net;
using Speed.Deployments;
using Speed.Sources;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: over SSH, by a key, to servers that are known.</summary>
public sealed class SshTests : IAsyncLifetime
{
    private SourceWorld _world = null!;
    private SshServer _server = null!;
    private GitRepository _repository = null!;

    private string Url => UrlAt("127.0.0.1");

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        _server = await SshServer.StartAsync();
        _repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        _world.Options.AllowedSchemes = ["https", "ssh"];
        _world.Options.KnownHostsFile = Path.Combine(_repository.Folder, "known_hosts");
        Know("127.0.0.1");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_repository_is_fetched_with_a_private_key_that_only_its_own_workspace_holds()
    {
        _world.Credentials = [Own("password"), Own(_server.Key.Replace("\n", "\r\n"))];

        var tree = await _world.FetchAsync(Url);
        var key = Directory.GetFiles(Assert.Single(_world.Workspaces), "*.key").Single();
        var mode = new FileInfo(key).UnixFileMode;
        await tree.DisposeAsync();

        Assert.Equal(_repository.Head, tree.Commit);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
        Assert.Empty(_world.Workspaces);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_key_or_with_another_one_nobody_is_let_in(bool withKey)
    {
        _world.Credentials = withKey ? [Own(await _server.CreateKeyAsync("other"))] : [];

        var failure = await _world.FailAsync(Url);

        Assert.Equal(FailureCode.AuthRequired, failure.Code);
        Assert.Empty(_world.Workspaces);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("git.example/*", false)]
    public async Task A_key_opens_no_submodule_that_whoever_deploys_might_not_deploy(string? repos, bool opens)
    {
        _world.Options.AllowedSchemes = ["http", "ssh"];
        _world.Credentials = [Own(_server.Key)];
        _world.Repos = repos is null ? null : [repos];
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", $"[submodule \"x\"]\n\tpath = x\n\turl = {Url}\n").Submodule("x", _repository.Head));

        if (opens)
        {
            await using var tree = await _world.FetchAsync(main.Url, submodules: true);
            Assert.Equal("1", await tree.ReadTextAsync("x/a", CancellationToken.None));
            return;
        }

        var failure = await _world.FailAsync(main.Url, submodules: true);
        Assert.Equal(FailureCode.AuthRequired, failure.Code);
        Assert.Contains("fetched without any secret", failure.Message);
    }

    [Fact]
    public async Task A_server_whose_key_is_not_known_is_not_trusted()
    {
        _world.Credentials = [Own(_server.Key)];
        Know("127.0.0.1", await OtherHostKeyAsync());
        var another = await _world.FailAsync(Url);
        Know("git.example");
        var unknown = await _world.FailAsync(Url);
        File.Delete(_world.Options.KnownHostsFile);
        var empty = await _world.FailAsync(Url);

        Assert.All([another, unknown, empty], failure => Assert.Equal(FailureCode.CloneFailed, failure.Code));
        Assert.All([another, unknown, empty], failure => Assert.Equal(
            $"The ssh host key of {Url} is not known to SPEED.", failure.Message));
        Assert.Contains("Speed__Git__KnownHostsFile", another.Hint);
    }

    [Fact]
    public async Task A_file_of_known_servers_that_cannot_be_read_is_not_one_that_is_missing()
    {
        _world.Credentials = [Own(_server.Key)];
        _world.Options.KnownHostsFile = Directory.CreateDirectory(Path.Combine(_repository.Folder, "folder")).FullName;

        var failure = await _world.FailAsync(Url);

        Assert.Equal("platform", failure.Code.Fault);
        Assert.StartsWith($"The file of known ssh servers, {_world.Options.KnownHostsFile}, could not be read: ", failure.Message);
        Assert.Contains("Speed__Git__KnownHostsFile", failure.Hint);
    }

    // No resolver of this machine knows the name, and the server's key is known by that name alone.
    [Fact]
    public async Task Ssh_connects_to_the_address_that_was_checked_and_knows_the_server_by_its_name()
    {
        _world.Options.AllowedHosts = ["git.example"];
        _world.Options.Resolve = (_, _) => Task.FromResult(new[] { IPAddress.Loopback });
        _world.Credentials = [Own(_server.Key)];
        Know("git.example");

        await using var tree = await _world.FetchAsync(UrlAt("Git.Example"));

        Assert.Equal(_repository.Head, tree.Commit);
    }

    [Fact]
    public void Ssh_is_told_all_that_its_user_and_its_machine_could_have_said_otherwise()
    {
        var route = new GitRoute("ssh://git@git.example/o/r.git") { Addresses = [IPAddress.Parse("8.8.8.8")] };

        var command = SshCommand.For(route, "repository-1.git");

        Assert.StartsWith("ssh -F none ", command);
        Assert.All(
            (string[])
            [
                "HostName=8.8.8.8", "HostKeyAlias=git.example", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes",
                "UserKnownHostsFile=../known_hosts", "IdentityFile=none", "ProxyCommand=none", "BatchMode=yes",
            ],
            option => Assert.Contains($" -o '{option}'", command));
    }

    [Theory]
    [InlineData("ssh://root@127.0.0.1:{0}/x';touch '{1}';'")]
    [InlineData("ssh://root@127.0.0.1:{0}/$(touch {1})")]
    [InlineData("ssh://root@127.0.0.1:{0}/`touch {1}`")]
    [InlineData("ssh://root@127.0.0.1:{0}/--upload-pack=touch {1}")]
    public async Task A_path_is_no_command(string url)
    {
        var canary = Path.Combine(_repository.Folder, "canary");
        _world.Credentials = [Own(_server.Key)];

        var failure = await _world.FailAsync(string.Format(url, _server.Port, canary));

        Assert.Equal(FailureCode.RepoNotFound, failure.Code);
        Assert.False(File.Exists(canary));
    }

    private string UrlAt(string host) => $"ssh://{Environment.UserName}@{host}:{_server.Port}{_repository.Folder}";

    private void Know(string host, string? key = null) =>
        File.WriteAllText(_world.Options.KnownHostsFile, $"[{host}]:{_server.Port} {key ?? _server.HostKey}");

    private static async Task<string> OtherHostKeyAsync()
    {
        await using var other = await SshServer.StartAsync();
        return other.HostKey;
    }

    private static Credential Own(string value) => new("KEY", ["*"], null, value);
}
