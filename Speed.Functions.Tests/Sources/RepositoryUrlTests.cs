using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives nothing but a rule: which URLs name a repository.</summary>
public sealed class RepositoryUrlTests
{
    private static readonly string[] Https = ["https"];

    [Theory]
    [InlineData("https://Git.Example./a/b.git?x#y", "https", "git.example", 443, "/a/b.git?x#y")]
    [InlineData("http://h:8080", "http", "h", 8080, "")]
    [InlineData("http://0x7f.1/a", "http", "127.0.0.1", 80, "/a")]
    [InlineData("https://[0:0::1]:8443/a", "https", "::1", 8443, "/a")]
    [InlineData("ssh://git@h/a", "ssh", "h", 22, "/a")]
    [InlineData("git@h:o/r.git", "ssh", "h", 22, "o/r.git")]
    [InlineData("file:///a/b", "file", "", 0, "/a/b")]
    public void An_address_has_parts(string url, string scheme, string host, int port, string path)
    {
        var address = RepositoryUrl.Parse(url);

        Assert.Equal((scheme, host, port, path), (address.Scheme, address.Host, address.RealPort, address.Path));
    }

    [Theory]
    [InlineData("https://github.com/o/r")]
    [InlineData("https://github.com/o/r.git")]
    [InlineData("https://example.com:8443/ä b?x=1")]
    [InlineData("https://[::1]:8443/r")]
    [InlineData("https://host/o/r@v1")]
    [InlineData("http://127.0.0.1:3000/r.git")]
    [InlineData("ssh://git@host:22/o/r.git")]
    [InlineData("ssh://host/o/r.git")]
    [InlineData("git@host:o/r.git")]
    [InlineData("host:o/r.git")]
    [InlineData("file:///srv/git/my repo.git")]
    public void What_is_allowed_passes(string url) =>
        Assert.Null(RepositoryUrl.FindFault(url, RepositoryUrl.KnownSchemes));

    [Theory]
    [InlineData("http://host/r")]
    [InlineData("ssh://host/r")]
    [InlineData("git@host:o/r.git")]
    [InlineData("file:///srv/r")]
    [InlineData("git://host/r")]
    [InlineData("HTTPS://host/r")]
    [InlineData("ftp://host/r")]
    public void Only_the_allowed_schemes_pass(string url)
    {
        var fault = RepositoryUrl.FindFault(url, Https);

        Assert.Contains("is not allowed here; allowed: https.", fault);
    }

    [Theory]
    [InlineData("https://user:secret@host/r")]
    [InlineData("https://user@host/r")]
    [InlineData("https://@host/r")]
    [InlineData("https://token:x@evil@host/r")]
    [InlineData("ssh://git:secret@host/r")]
    [InlineData("ssh://-oProxyCommand=x@host/r")]
    [InlineData("-oProxyCommand=x@host:r")]
    public void Nobody_is_named_before_the_host(string url)
    {
        var fault = RepositoryUrl.FindFault(url, RepositoryUrl.KnownSchemes);

        Assert.NotNull(fault);
        Assert.DoesNotContain("secret", fault);
    }

    [Theory]
    [InlineData("", "1 to 2,048 characters")]
    [InlineData("https://host/a\nb", "control characters")]
    [InlineData("https://host/a\0b", "control characters")]
    [InlineData("https:///r", "must name a host")]
    [InlineData("https://", "must name a host")]
    [InlineData("ssh://-oProxyCommand=x/r", "host")]
    [InlineData("https://hö.de/r", "xn--")]
    [InlineData("https://a\\b/r", "host")]
    [InlineData("https://host:0/r", "port")]
    [InlineData("https://host:65536/r", "port")]
    [InlineData("https://host:x/r", "port")]
    [InlineData("file://host/r", "no host")]
    [InlineData("--upload-pack=touch x", "form https://host/path")]
    [InlineData("ext::sh -c id", "form https://host/path")]
    [InlineData("ext::https://host/r", "form https://host/path")]
    [InlineData("github.com/o/r", "form https://host/path")]
    [InlineData("/srv/git/r.git", "form https://host/path")]
    [InlineData("../r", "form https://host/path")]
    [InlineData(" https://host/r", "form https://host/path")]
    [InlineData("host:-oProxyCommand=x", "form https://host/path")]
    public void What_is_wrong_is_said(string url, string words) =>
        Assert.Contains(words, RepositoryUrl.FindFault(url, RepositoryUrl.KnownSchemes));

    [Fact]
    public void Addresses_have_at_most_2048_characters()
    {
        var longest = "https://host/" + new string('x', RepositoryUrl.MaxLength - 13);

        Assert.Null(RepositoryUrl.FindFault(longest, Https));
        Assert.NotNull(RepositoryUrl.FindFault(longest + "x", Https));
    }
}
