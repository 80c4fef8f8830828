using System.Net;
using System.Net.Sockets;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives real files: which registries may be asked, and with which login.</summary>
public sealed class RegistryRulesTests
{
    private static readonly RegistryRules NoOperator = new([], logins: "/nowhere/config.json");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1:5000/a", false)]
    [InlineData("169.254.169.254/a", false)]
    [InlineData("[::1]:5000/a", false)]
    [InlineData("localhost/a", false)]
    [InlineData("10.0.0.1:5001/a", false)]
    [InlineData("10.0.0.1:5000/a", true)]
    [InlineData("8.8.8.8/a", true)]
    [InlineData("user/a", true)]
    [InlineData("a", true)]
    public async Task A_registry_on_a_private_address_must_be_allowed(string image, bool isAllowed)
    {
        var fault = await new RegistryRules(["10.0.0.1:5000"]).FindFaultAsync(Name(image), Token);

        Assert.Equal(isAllowed, fault is null);
        Assert.NotEqual(true, fault?.IsSilence);
        Assert.Equal(!isAllowed, fault?.Reason?.Contains("Speed__Docker__AllowedRegistries", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData("8.8.8.8,fd00::1", false)]
    [InlineData("8.8.8.8,1.1.1.1", true)]
    public async Task A_registry_is_judged_by_all_its_addresses(string addresses, bool isAllowed)
    {
        var rules = new RegistryRules([], (host, _) => Task.FromResult(
            host == "r.example" ? addresses.Split(',').Select(IPAddress.Parse).ToArray() : []));

        Assert.Equal(isAllowed, await rules.FindFaultAsync(Name("R.example:5000/a"), Token) is null);
    }

    [Fact]
    public async Task That_nobody_knows_where_a_registry_is_is_no_refusal()
    {
        var rules = new RegistryRules([], (_, _) => throw new SocketException((int)SocketError.HostNotFound));

        var fault = await rules.FindFaultAsync(Name("r.example/a"), Token);

        Assert.True(fault?.IsSilence);
        Assert.Equal("no address of its registry r.example is known to DNS", fault?.Reason);
    }

    // As engines of Docker 20.10 and 26.1 word them.
    [Theory]
    [InlineData("Get \"https://r.example/v2/\": dial tcp 192.0.2.1:443: connect: connection refused", true)]
    [InlineData("Get https://r.example/v2/: dial tcp: lookup r.example on 192.0.2.53:53: no such host", true)]
    [InlineData("Get \"https://r.example/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", true)]
    [InlineData("Get \"https://r.example/v2/\": net/http: TLS handshake timeout", true)]
    [InlineData("Get \"https://r.example/v2/\": context deadline exceeded", true)]
    [InlineData("Get \"https://r.example/v2/\": EOF", true)]
    [InlineData("received unexpected HTTP status: 503 Service Unavailable", true)]
    [InlineData("toomanyrequests: You have reached your pull rate limit.", true)]
    [InlineData("pull access denied for a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", false)]
    [InlineData("manifest for r.example/EOF:503 not found: manifest unknown: manifest unknown", false)]
    [InlineData("Get \"https://r.example/v2/\": unauthorized: authentication required", false)]
    [InlineData("Get \"https://r.example/v2/a/manifests/1\": no basic auth credentials", false)]
    [InlineData("x509: certificate signed by unknown authority", false)]
    [InlineData("what nobody ever said", false)]
    public void Only_a_registry_that_does_not_answer_is_silent(string reason, bool isSilence) =>
        Assert.Equal(isSilence, RegistryAnswer.Of(reason).IsSilence);

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
    [InlineData("R.Example/a/b", "r.example/a/b", "r.example")]
    [InlineData("user/a", "docker.io/user/*", "docker.io")]
    [InlineData("busybox", "docker.io", "docker.io")]
    [InlineData("busybox", "docker.io/busybox", "docker.io")]
    [InlineData("busybox", "docker.io/library/*", "docker.io")]
    public void A_registry_secret_is_the_login_where_its_glob_matches(string image, string glob, string server)
    {
        var login = NoOperator.FindLogin(
            Name(image),
            [new Credential("other", ["elsewhere.example"], "other", "other value"), new Credential("one", [glob], "someone", "a value")])
            .Auth;

        Assert.Equal(("someone", "a value", server), (login?.Username, login?.Password, login?.ServerAddress));
    }

    [Fact]
    public void A_registry_secret_without_a_user_name_is_a_token_and_elsewhere_there_is_no_login()
    {
        Credential[] logins = [new Credential("one", ["r.example"], null, "a value")];

        Assert.Equal("token", NoOperator.FindLogin(Name("r.example/a"), logins).Auth?.Username);
        Assert.Null(NoOperator.FindLogin(Name("other.example/a"), logins).Auth);
    }

    [Fact]
    public void What_the_operator_logged_in_to_is_the_login_where_no_secret_is()
    {
        using var folder = new TempFolder();
        var file = folder.File("config.json");
        File.WriteAllText(file, """
            {"auths": {"r.example:5000": {"auth": "c29tZW9uZTphIHZhbHVl"}, "https://index.docker.io/v1/": {"auth": "aHViOmEgdmFsdWU="}}}
            """);
        var rules = new RegistryRules([], logins: file);

        Assert.Equal("someone", rules.FindLogin(Name("r.example:5000/a"), []).Auth?.Username);
        Assert.Equal("hub", rules.FindLogin(Name("busybox"), []).Auth?.Username);
        Assert.Equal(RegistryLogin.None, rules.FindLogin(Name("r.example/a"), []));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"auths\": 1}")]
    [InlineData(null)]
    public void A_configuration_that_cannot_be_read_is_told_and_is_no_login(string? text)
    {
        using var folder = new TempFolder();
        var file = folder.File("config.json");
        if (text is null)
        {
            Directory.CreateDirectory(file);
        }
        else
        {
            File.WriteAllText(file, text);
        }

        var login = new RegistryRules([], logins: file).FindLogin(Name("busybox"), []);

        Assert.Null(login.Auth);
        Assert.Contains(file, login.Fault, StringComparison.Ordinal);
    }

    private static ImageReference Name(string text) => ImageReference.Parse(text)!;
}
