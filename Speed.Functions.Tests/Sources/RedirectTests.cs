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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_credential_goes_along_only_to_a_repository_that_it_is_for(bool isForBoth)
    {
        await _world.Server.CreateAsync("new/app", r => r.File("a", "1"));
        _world.Credentials = [Own(isForBoth ? ["old/*", "new/*"] : ["old/*"])];
        Redirect("/new/app.git", from: "/old/app.git");

        await using var tree = await _world.FetchAsync($"{_world.Server.Url}/old/app.git");

        Assert.DoesNotContain("", ShownAt("/old/"));
        Assert.All(ShownAt("/new/"), shown => Assert.Equal(isForBoth, shown.Length > 0));
        Assert.NotEmpty(ShownAt("/new/"));
    }

    [Fact]
    public async Task Of_several_credentials_the_one_that_is_for_both_goes_along()
    {
        _world.Server.Authorization = "Basic " + Convert.ToBase64String("ada:secret-token"u8);
        var repository = await _world.Server.CreateAsync("new/app", r => r.File("a", "1"));
        _world.Credentials =
        [
            Own(["old/app"]) with { Value = "of the first" }, Own(["new/app"]) with { Value = "of the second" }, Own(["*/app"]),
        ];
        Redirect("/new/app.git", from: "/old/app.git");

        await using var tree = await _world.FetchAsync($"{_world.Server.Url}/old/app.git");

        Assert.Equal(repository.Head, tree.Commit);
    }

    [Fact]
    public async Task A_repository_that_is_not_had_without_the_secret_that_was_left_behind_is_told_so()
    {
        _world.Server.Authorization = "Basic " + Convert.ToBase64String("ada:secret-token"u8);
        await _world.Server.CreateAsync("new/app", r => r.File("a", "1"));
        _world.Credentials = [Own(["old/*"])];
        Redirect("/new/app.git", from: "/old/app.git");

        var failure = await _world.FailAsync($"{_world.Server.Url}/old/app.git");

        Assert.Equal(FailureCode.AuthRequired, failure.Code);
        Assert.Contains("the secret for the first, which is not for that one, was not sent", failure.Message);
        Assert.Contains("`repos` that match both", failure.Hint);
    }

    // A forge's redirect from the name without `.git`, and from the one before a renaming.
    [Theory]
    [InlineData("/team-a/app", "/team-a/app.git", "team-a/app")]
    [InlineData("/team-a/before", "/team-a/app.git", "team-a/*")]
    [InlineData("/team-a/before", "/team-a/app.git", null)]
    public async Task What_whoever_deploys_might_deploy_is_redirected_to_with_the_secret(string from, string to, string? repos)
    {
        var repository = await _world.Server.CreateAsync("team-a/app", r => r.File("a", "1"));
        _world.Credentials = [Own(["team-a/*"])];
        _world.Repos = repos is null ? null : [At(repos)];
        Redirect(to, from);

        await using var tree = await _world.FetchAsync(_world.Server.Url + from);

        Assert.Equal(repository.Head, tree.Commit);
        Assert.DoesNotContain("", _world.Server.Authorizations);
        Assert.Contains($"The server redirects to {repository.Url}", _world.Log);
    }

    [Theory]
    [InlineData("/priv-b/vault.git")]
    [InlineData("/team-a/../priv-b/vault.git")]
    [InlineData("/team-a/%2e%2e/priv-b/vault.git")]
    [InlineData("/team-a/x/..%2f..%2fpriv-b/vault.git")]
    [InlineData("/team-a/x/..%5c..%5cpriv-b/vault.git")]
    [InlineData("//127.0.0.2:9/priv-b/vault.git")]
    public async Task A_redirect_to_what_whoever_deploys_might_not_deploy_is_the_end_and_is_not_told(string to)
    {
        await _world.Server.CreateAsync("priv-b/vault", r => r.File("a", "1"));
        await _world.Server.CreateAsync("team-a/app", r => r.File("a", "1"));
        _world.Credentials = [Own(["*"])];
        _world.Repos = [At("team-a/*")];
        Redirect(to, from: "/team-a/app.git");

        var failure = await _world.FailAsync($"{_world.Server.Url}/team-a/app.git");

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.DoesNotContain(_world.Server.Requests, request => request.Contains("vault", StringComparison.Ordinal));
        Assert.All(
            [failure.Message, failure.Hint ?? "", .. _world.Log],
            told => Assert.DoesNotMatch("vault|priv-b|127\\.0\\.0\\.2", told));
    }

    [Theory]
    [InlineData("")]
    [InlineData("team-a/app")]
    public async Task The_way_out_is_told_to_a_token_and_to_a_hook(string repos)
    {
        _world.Repos = repos.Length == 0 ? [] : [At(repos)];
        Redirect("/team-a/next.git", from: "/team-a/app.git");

        var failure = await _world.FailAsync($"{_world.Server.Url}/team-a/app.git");

        Assert.Equal(
            $"{_world.Server.Url}/team-a/app.git redirects to another repository, which is none of the `repos` of the token or "
            + "hook that this was deployed by.",
            failure.Message);
        Assert.Contains("a token whose `repos` match", failure.Hint);
        Assert.Contains("the hook's `repos`", failure.Hint);
        Assert.Contains("git ls-remote", failure.Hint);
    }

    [Fact]
    public async Task Each_redirect_of_several_is_judged()
    {
        await _world.Server.CreateAsync("team-a/app", r => r.File("a", "1"));
        _world.Repos = [At("team-a/*")];
        _world.Server.RedirectTo = request => request.Path.Value!.Split('/')[1] switch
        {
            "team-a" when request.Path.StartsWithSegments("/team-a/before") => $"/priv-b/app/info/refs{request.QueryString}",
            "priv-b" => $"/team-a/app.git/info/refs{request.QueryString}",
            _ => null,
        };

        await _world.FailAsync($"{_world.Server.Url}/team-a/before");

        Assert.Single(_world.Server.Requests);
    }

    private Credential Own(string[] repositories) =>
        new("TOKEN", [.. repositories.Select(At)], "ada", "secret-token");

    private string At(string repositories) => $"{new Uri(_world.Server.Url).Authority}/{repositories}";

    // What was shown in the requests for what is below a path.
    private IEnumerable<string> ShownAt(string path) =>
        from one in _world.Server.Requests.Zip(_world.Server.Authorizations)
        where one.First.Split(' ')[1].StartsWith(path, StringComparison.Ordinal)
        select one.Second;

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
