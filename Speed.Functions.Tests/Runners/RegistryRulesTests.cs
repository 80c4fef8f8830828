using System.Net;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: which registries may be asked, and with which login.</summary>
public sealed class RegistryRulesTests
{
    [Theory]
    [InlineData("busybox", "busybox", "latest")]
    [InlineData("busybox:1", "busybox", "1")]
    [InlineData("r:5000/a/b", "r:5000/a/b", "latest")]
    [InlineData("r:5000/a/b:1", "r:5000/a/b", "1")]
    [InlineData("a@sha256:00", "a", "sha256:00")]
    public void A_name_is_a_repository_and_a_tag(string name, string repository, string tag) =>
        Assert.Equal((repository, tag), RegistryRules.Split(name));

    [Theory]
    [InlineData("127.0.0.1:5000/a", false)]
    [InlineData("169.254.169.254/a", false)]
    [InlineData("[::1]:5000/a", false)]
    [InlineData("localhost/a", false)]
    [InlineData("10.0.0.1:5000/a", true)]
    [InlineData("user/a", true)]
    [InlineData("a", true)]
    public async Task A_registry_on_a_private_address_must_be_allowed(string image, bool allowed)
    {
        var fault = await new RegistryRules(["10.0.0.1:5000"]).FindFaultAsync(image, TestContext.Current.CancellationToken);

        Assert.Equal(allowed, fault is null);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    public void Addresses_of_this_host_and_its_networks_are_not_public(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddress.Is(IPAddress.Parse(address)));

    [Theory]
    [InlineData("r.example:5000/a/b:1", "r.example:5000", "r.example:5000")]
    [InlineData("r.example/a/b", "r.example/a/*", "r.example")]
    [InlineData("user/a", "docker.io/user/*", "docker.io")]
    [InlineData("busybox", "docker.io", "docker.io")]
    public void A_registry_secret_is_the_login_where_its_glob_matches(string image, string glob, string server)
    {
        var login = RegistryRules.FindLogin(
            image,
            [new Credential("other", ["elsewhere.example"], "other", "other value"), new Credential("one", [glob], "someone", "a value")]);

        Assert.Equal(("someone", "a value", server), (login?.Username, login?.Password, login?.ServerAddress));
    }

    [Fact]
    public void A_registry_secret_without_a_user_name_is_a_token_and_elsewhere_there_is_no_login()
    {
        Credential[] logins = [new Credential("one", ["r.example"], null, "a value")];

        Assert.Equal("token", RegistryRules.FindLogin("r.example/a", logins)?.Username);
        Assert.Null(RegistryRules.FindLogin("other.example/a", logins));
    }
}
