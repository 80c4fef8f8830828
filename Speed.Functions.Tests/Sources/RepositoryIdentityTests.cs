using System.Text;
using CsCheck;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives nothing but a rule: which spellings of an address are one repository.</summary>
public sealed class RepositoryIdentityTests
{
    private static readonly string[] Schemes = [.. RepositoryUrl.KnownSchemes];

    [Theory]
    // One repository.
    [InlineData("https://git.example/team/app", "git.example/team/app")]
    [InlineData("https://git.example/team/app.git", "git.example/team/app")]
    [InlineData("https://git.example/team/app.git/", "git.example/team/app")]
    [InlineData("https://git.example/team/app//", "git.example/team/app")]
    [InlineData("https://git.example/team/app/.git", "git.example/team/app")]
    [InlineData("https://git.example/team/app.GIT", "git.example/team/app")]
    [InlineData("https://Git.EXAMPLE/team/app", "git.example/team/app")]
    [InlineData("https://git.example./team/app", "git.example/team/app")]
    [InlineData("https://git.example:443/team/app", "git.example/team/app")]
    [InlineData("https://git.example/te%61m/%61pp%2Egit", "git.example/team/app")]
    [InlineData("ssh://git@git.example/team/app.git", "git.example/team/app")]
    [InlineData("ssh://git@git.example:22/team/app", "git.example/team/app")]
    [InlineData("ssh://git.example/team/app", "git.example/team/app")]
    [InlineData("git@git.example:team/app.git", "git.example/team/app")]
    [InlineData("git@git.example:/team/app", "git.example/team/app")]
    [InlineData("git.example:team/app", "git.example/team/app")]
    [InlineData("git.example:me@other.example/app", "git.example/me@other.example/app")]
    // Others.
    [InlineData("https://git.example/team/App", "git.example/team/App")]
    [InlineData("https://git.example/team/app.git.git", "git.example/team/app.git")]
    [InlineData("https://git.example/team/app2", "git.example/team/app2")]
    [InlineData("https://git.example:22/team/app", "git.example:22/team/app")]
    [InlineData("https://git.example:8443/team/app.git", "git.example:8443/team/app")]
    [InlineData("ssh://git@git.example:2222/team/app", "git.example:2222/team/app")]
    [InlineData("http://git.example/team/app.git", "http://git.example/team/app")]
    [InlineData("http://git.example:80/team/app", "http://git.example/team/app")]
    [InlineData("http://git.example:443/team/app", "http://git.example:443/team/app")]
    [InlineData("ssh://deploy@git.example/team/app.git", "ssh://deploy@git.example/team/app")]
    [InlineData("ssh://deploy@git.example:2222/team/app", "ssh://deploy@git.example:2222/team/app")]
    [InlineData("ssh://Git@git.example/team/app", "ssh://Git@git.example/team/app")]
    [InlineData("deploy@git.example:/team/app.git/", "ssh://deploy@git.example/team/app")]
    [InlineData("deploy@git.example:team/app.git", "deploy@git.example:team/app")]
    [InlineData("deploy@git.example:2222/team/app", "deploy@git.example:2222/team/app")]
    [InlineData("file:///srv/git/app.git", "file:///srv/git/app")]
    // The path: decoded once, its case kept but where it is known not to count.
    [InlineData("https://github.com/Team/App.git", "github.com/team/app")]
    [InlineData("git@GitLab.com:Team/Sub/App", "gitlab.com/team/sub/app")]
    [InlineData("http://bitbucket.org/Team/App", "http://bitbucket.org/team/app")]
    [InlineData("https://www.github.com/Team/App", "www.github.com/Team/App")]
    [InlineData("https://git.example/my%20app", "git.example/my app")]
    [InlineData("https://git.example/my app", "git.example/my app")]
    [InlineData("https://git.example/caf%C3%A9", "git.example/café")]
    [InlineData("https://git.example/a%2520b", "git.example/a%20b")]
    [InlineData("git@git.example:a%20b", "git.example/a%20b")]
    [InlineData("https://git.example/100%", "git.example/100%")]
    [InlineData("https://git.example/...git", "git.example/...git")]
    [InlineData("https://git.example/a/..git", "git.example/a/..git")]
    [InlineData("https://git.example/o/r@v1", "git.example/o/r@v1")]
    // The host in its one spelling.
    [InlineData("https://[0:0::1]:8443/app", "[::1]:8443/app")]
    [InlineData("http://127.1:3000/app.git", "http://127.0.0.1:3000/app")]
    [InlineData("https://git.example", "git.example")]
    [InlineData("https://git.example/", "git.example")]
    public void Every_spelling_of_a_repository_has_its_one_identity(string url, string identity)
    {
        Assert.Null(RepositoryIdentity.FindFault(url, Schemes));
        Assert.Equal(identity, RepositoryIdentity.Of(url).Text);
    }

    [Theory]
    [InlineData("https://git.example/team-a/../priv-b/vault.git", "a part `..`, encoded or not: give the path that it leads to")]
    [InlineData("http://git.example/team-a/../priv-b/vault.git", "a part `..`")]
    [InlineData("git@git.example:team-a/../priv-b/vault.git", "a part `..`")]
    [InlineData("ssh://git@git.example/../vault", "a part `..`")]
    [InlineData("file:///srv/../app", "a part `..`")]
    [InlineData("https://git.example/team-a/%2e%2e/vault", "a part `..`")]
    [InlineData("https://git.example/team-a/.%2E/vault", "a part `..`")]
    [InlineData("https://git.example/team-a/%252e%252e/vault", "a part `..`")]
    [InlineData("git@git.example:team-a/%2e%2e/vault", "a part `..`")]
    [InlineData("https://git.example/./app", "a part `.`")]
    [InlineData("https://git.example/app/.", "a part `.`")]
    [InlineData("git@git.example:..", "a part `..`")]
    [InlineData("https://git.example//app", "empty parts: write one `/` between two names")]
    [InlineData("https://git.example/team//app", "empty parts")]
    [InlineData("git@git.example:team//app", "empty parts")]
    [InlineData("https://git.example/team%2Fapp", "an encoded slash (%2F): write it as `/`")]
    [InlineData("https://git.example/team-a/..%2fvault", "an encoded slash")]
    [InlineData("https://git.example/team%252Fapp", "an encoded slash")]
    [InlineData("git@git.example:team%2fapp", "an encoded slash")]
    [InlineData("https://git.example/team\\app", "a `\\`, encoded or not")]
    [InlineData("https://git.example/team%5Capp", "a `\\`")]
    [InlineData("https://git.example/app?x=1", "a `?`, encoded or not: give the address that `git clone` takes without it")]
    [InlineData("https://git.example?x", "a `?`")]
    [InlineData("https://git.example/app%3Fx", "a `?`")]
    [InlineData("git@git.example:app?x", "a `?`")]
    [InlineData("https://git.example/app#main", "a `#`")]
    [InlineData("https://git.example/app%23main", "a `#`")]
    [InlineData("https://git.example/app%0Amain", "control characters")]
    [InlineData("https://git.example/app%00", "control characters")]
    [InlineData("https://git.example/na%EFve", "UTF-8")]
    public void What_could_be_read_in_two_ways_is_refused_and_of_before_stays_as_it_is(string url, string words)
    {
        var fault = RepositoryIdentity.FindFault(url, Schemes);

        Assert.Contains(words, fault);
        Assert.EndsWith(".", fault);
        Assert.Equal(url, RepositoryIdentity.Of(url).Text);
        Assert.Equal(Glob.TargetOf(url), RepositoryIdentity.Of(url).Target);
    }

    [Theory]
    [InlineData("https://user@git.example/app.git")]
    [InlineData("HTTPS://git.example/app")]
    [InlineData("/srv/git/app")]
    [InlineData("")]
    public void What_is_no_address_stays_as_it_is(string url) => Assert.Equal(url, RepositoryIdentity.Of(url).Text);

    // Patterns stand on tokens and secrets: an address written plainly is matched as it always was, and another spelling
    // as the plain one is, so that no pattern reaches a repository that it did not reach before.
    [Fact]
    public void A_pattern_matches_an_identity_exactly_where_it_matched_the_plain_address()
    {
        var name = OneOf("a", "A", "b c", "x.git", "é", "~u", "a%b");
        var place = OneOf(
            "https://h.example/", "https://h.example:8443/", "http://h.example/", "ssh://git@h.example/",
            "ssh://me@h.example/", "ssh://me@h.example:2222/", "git@h.example:", "me@h.example:", "h.example:", "file:///");
        var end = OneOf("", ".git", "/", ".git/");
        var pattern = OneOf("*", "h.example", "/", ":8443", ".git", "a", "A", "b c", "x").Array[1, 5];

        Gen.Select(place, name.Array[1, 3], end, pattern).Sample(
            (start, path, tail, glob) =>
            {
                var plain = start + string.Join('/', path) + tail;
                var (identity, target) = (RepositoryIdentity.Of(plain), Glob.TargetOf(plain));

                Assert.Equal(target, identity.Target);
                Assert.Equal(target, RepositoryIdentity.Parse(identity.Text).Target);
                Assert.Equal(Glob.MatchesAny([string.Concat(glob)], target), identity.MatchesAny([string.Concat(glob)]));
                Assert.Equal(identity, RepositoryIdentity.Of(Respell(start, path) + tail));
            },
            iter: 10_000);
    }

    private static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(index => words[index]);

    private static string Respell(string start, string[] path) => start.Contains("://", StringComparison.Ordinal)
        ? start.Replace("h.example/", "H.example./", StringComparison.Ordinal)
            .Replace("https://H.example./", "https://h.EXAMPLE:443/", StringComparison.Ordinal)
            .Replace("me@H.example./", "me@H.EXAMPLE:22/", StringComparison.Ordinal) + string.Join('/', path.Select(Encode))
        : start + string.Join('/', path);

    private static string Encode(string name) =>
        string.Concat(Encoding.UTF8.GetBytes(name).Select(one => $"%{one:x2}"));
}
