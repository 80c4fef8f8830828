using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: which login a server is shown, and that no other is.</summary>
public sealed class CredentialTests : IAsyncLifetime
{
    private const string Secret = "s3cret-t0ken";
    private SourceWorld _world = null!;

    private string Target => Glob.TargetOf(_world.Server.Url + "/app.git");

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        await _world.Server.CreateAsync("app", r => r.File("a", "1"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("ada", "ada")]
    [InlineData(null, "x-access-token")]
    public async Task A_private_repository_is_fetched_with_its_credential(string? username, string sent)
    {
        _world.Server.Authorization = Basic(sent, Secret);
        _world.Credentials = [new Credential("OTHER", ["example.com/*"], null, "other"), Own(username)];

        await using var tree = await _world.FetchAsync(_world.Server.Url + "/app.git");

        Assert.Equal("main", tree.Branch);
        Assert.DoesNotContain("", _world.Server.Authorizations);
        Assert.All(_world.Log, line => Assert.DoesNotContain(Secret, line));
    }

    [Fact]
    public async Task A_wrong_credential_is_told_without_it()
    {
        _world.Server.Authorization = Basic("ada", "another");
        _world.Credentials = [Own("ada")];

        var failure = await _world.FailAsync(_world.Server.Url + "/app.git");

        Assert.Equal(FailureCode.AuthRequired, failure.Code);
        Assert.DoesNotContain(Secret, failure.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1:*/other")]
    [InlineData("github.com/*")]
    public async Task A_credential_is_sent_only_where_it_matches(string glob)
    {
        _world.Credentials = [new Credential("TOKEN", [glob], null, Secret)];

        await using var tree = await _world.FetchAsync(_world.Server.Url + "/app.git");

        Assert.All(_world.Server.Authorizations, Assert.Empty);
    }

    [Fact]
    public async Task The_closest_credential_is_used_and_a_private_key_not_over_http()
    {
        const string Key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
        _world.Server.Authorization = Basic("x-access-token", Secret);
        _world.Credentials =
        [
            new Credential("KEY", [Target], null, Key), Own(null), new Credential("WIDE", ["*"], null, "other"),
        ];

        await using var tree = await _world.FetchAsync(_world.Server.Url + "/app.git");

        Assert.Equal("main", tree.Branch);
    }

    [Fact]
    public async Task Git_has_its_credential_in_the_environment_and_never_on_the_command_line()
    {
        _world.Credentials = [Own("ada")];
        _world.Server.HangInPack();
        using var canceling = new CancellationTokenSource();

        var fetching = _world.FetchAsync(SourceWorld.Deployment(_world.Server.Url + "/app.git"), canceling.Token);
        await _world.Server.Hanging;
        var withSecret = GitProcesses.Naming(Basic("ada", Secret));
        var commands = GitProcesses.Naming(_world.Options.WorkFolder);
        await canceling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);

        Assert.NotEmpty(withSecret);
        Assert.All(commands, command => Assert.DoesNotContain(Basic("ada", Secret)[6..], command));
        Assert.All(commands, command => Assert.DoesNotContain(Secret, command));
    }

    [Fact]
    public async Task A_proxy_is_given_the_host_by_its_name_and_its_password_stays_off_the_command_line()
    {
        // Kestrel takes a proxy's requests for its own: the server stands in for a proxy.
        _world.Options.Proxy = _world.Server.Url.Replace("//", "//user:proxy-password@");
        _world.Options.AllowedHosts = ["git.internal"];
        _world.Options.Resolve = (_, _) => throw new InvalidOperationException("A proxy may know what we do not.");
        _world.Server.HangInPack();
        using var canceling = new CancellationTokenSource();

        var fetching = _world.FetchAsync(SourceWorld.Deployment("http://git.internal/app.git"), canceling.Token);
        await _world.Server.Hanging;
        var commands = GitProcesses.Naming(_world.Options.WorkFolder);
        await canceling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);

        Assert.NotEmpty(commands);
        Assert.All(commands, command => Assert.DoesNotContain("proxy-password", command));
    }

    [Fact]
    public async Task Behind_a_proxy_a_host_is_judged_by_our_own_resolver()
    {
        _world.Options.Proxy = _world.Server.Url;
        _world.Options.Resolve = (_, _) => Task.FromResult(new[] { System.Net.IPAddress.Loopback });

        var failure = await _world.FailAsync("http://git.internal/app.git");

        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
        Assert.Empty(_world.Server.Requests);
    }

    private Credential Own(string? username) => new("TOKEN", [Target], username, Secret);

    private static string Basic(string username, string password) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"));
}
