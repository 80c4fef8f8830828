using System.Net;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

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
}
