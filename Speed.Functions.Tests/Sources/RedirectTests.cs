using System.Net;
using System.Net.Sockets;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: redirects are followed by the rules that hold for the first address.</summary>
public sealed class RedirectTests : IAsyncLifetime
{
    private SourceWorld _world = null!;
    private GitServer _other = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await SourceWorld.StartAsync();
        _other = await GitServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Up_to_three_redirects_are_followed(int redirects)
    {
        var repository = await _other.CreateAsync("app", r => r.File("a", "1"));
        Chain(redirects);

        await using var tree = await _world.FetchAsync($"{_world.Server.Url}/0");

        Assert.Equal(repository.Head, tree.Commit);
        Assert.Contains($"The server redirects to {repository.Url}", _world.Log);
        Assert.Equal(redirects, _world.Server.Requests.Count);
    }

    [Fact]
    public async Task Four_redirects_are_too_many()
    {
        await _other.CreateAsync("app", r => r.File("a", "1"));
        Chain(4);

        var failure = await _world.FailAsync($"{_world.Server.Url}/0");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Equal($"{_world.Server.Url}/0 redirects more than 3 times.", failure.Message);
        Assert.Empty(_other.Requests);
    }

    [Theory]
    [InlineData("http://[::1]:{0}/app.git")]
    [InlineData("http://127.0.0.2:{0}/app.git")]
    [InlineData("http://2130706434:{0}/app.git")]
    [InlineData("//127.0.0.2:{0}/app.git")]
    [InlineData("http://git.example:{0}/app.git")]
    public async Task A_redirect_to_a_host_that_is_not_allowed_is_refused_before_a_connection(string target)
    {
        using var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Server.DualMode = true;
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _world.Options.Resolve = (_, _) => Task.FromResult(new[] { IPAddress.Loopback });
        Redirect(string.Format(target, port));

        var failure = await _world.FailAsync($"{_world.Server.Url}/app");

        Assert.Equal(FailureCode.HostNotAllowed, failure.Code);
        Assert.Contains("which redirects there, is not allowed", failure.Message);
        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData("https://127.0.0.1:9/app.git")]
    [InlineData("ssh://127.0.0.1:9/app.git")]
    [InlineData("file:///app.git")]
    [InlineData("http://user:password@127.0.0.1:9/app.git")]
    public async Task A_redirect_to_another_scheme_or_with_a_password_is_not_followed(string target)
    {
        Redirect(target);

        var failure = await _world.FailAsync($"{_world.Server.Url}/app");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Contains("redirects to an address that is not followed", failure.Message);
        Assert.DoesNotContain("password@", failure.Message);
    }

    [Fact]
    public async Task A_redirect_to_a_page_is_told_as_one()
    {
        _world.Server.RedirectTo = _ => "/sign-in?next=app";

        var failure = await _world.FailAsync($"{_world.Server.Url}/app");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Contains("has moved", failure.Message);
    }

    // What git asks later is not redirected by us, and it follows nothing by itself.
    [Fact]
    public async Task Git_itself_follows_no_redirect()
    {
        var repository = await _other.CreateAsync("app", r => r.File("a", "1"));
        _world.Server.RedirectTo = request => request.Headers.UserAgent.ToString().Contains("SPEED")
            ? null
            : repository.Url + "/info/refs?service=git-upload-pack";
        await _world.Server.CreateAsync("app", r => r.File("a", "1"));

        var failure = await _world.FailAsync($"{_world.Server.Url}/app.git");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.Empty(_other.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_credential_goes_along_to_the_same_host_only(bool toAnother)
    {
        var server = toAnother ? _other : _world.Server;
        var repository = await server.CreateAsync("app", r => r.File("a", "1"));
        _world.Credentials = [new Credential("TOKEN", ["127.0.0.1:*"], null, "secret-token")];
        Redirect(repository.Url, from: "/moved");

        await using var tree = await _world.FetchAsync($"{_world.Server.Url}/moved");

        Assert.NotEmpty(_world.Server.Authorizations);
        Assert.DoesNotContain("", _world.Server.Authorizations);
        Assert.All(_other.Authorizations, Assert.Empty);
        Assert.Equal(toAnother, _other.Authorizations.Count > 0);
    }

    private void Redirect(string repository, string from = "/app") => _world.Server.RedirectTo = request =>
        request.Path == from + "/info/refs" ? $"{repository}/info/refs{request.QueryString}" : null;

    // /0 leads to /1, and so on; the last one to the other server.
    private void Chain(int redirects) => _world.Server.RedirectTo = request =>
    {
        var next = int.Parse(request.Path.Value!.Split('/')[1]) + 1;
        var tail = "/info/refs" + request.QueryString;
        return next < redirects ? $"/{next}{tail}" : $"{_other.Url}/app.git{tail}";
    };
}
