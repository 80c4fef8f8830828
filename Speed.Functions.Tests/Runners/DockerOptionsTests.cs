using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives nothing but a rule: how the runner's settings are read, and refused.</summary>
public sealed class DockerOptionsTests
{
    [Fact]
    public void Unset_and_empty_settings_mean_the_local_engine_and_the_standard_sandbox()
    {
        var options = Read(("Speed:Docker:Endpoint", ""), ("DOCKER_HOST", ""), ("Speed:Docker:Sandbox", ""));

        Assert.EndsWith(OperatingSystem.IsWindows() ? "docker_engine" : "docker.sock", options.Endpoint, StringComparison.Ordinal);
        Assert.Equal(Sandbox.Standard, options.Sandbox);
        Assert.Empty(options.AllowedRegistries);
    }

    [Fact]
    public void Our_own_endpoint_comes_before_DOCKER_HOST()
    {
        Assert.Equal("unix:///a", Read(("Speed:Docker:Endpoint", "unix:///a"), ("DOCKER_HOST", "unix:///b")).Endpoint);
        Assert.Equal("unix:///b", Read(("DOCKER_HOST", "unix:///b")).Endpoint);
    }

    [Fact]
    public void Registries_are_a_list_with_commas() =>
        Assert.Equal(["r:5000", "10.0.0.1"], Read(("Speed:Docker:AllowedRegistries", "r:5000, 10.0.0.1,")).AllowedRegistries);

    [Theory]
    [InlineData(null, null, "docker.io/library/* mcr.microsoft.com/*")]
    [InlineData("required", "", "docker.io/library/* mcr.microsoft.com/*")]
    [InlineData("off", null, "*")]
    [InlineData("OFF", "", "*")]
    [InlineData("off", "docker.io/library/*", "docker.io/library/*")]
    [InlineData("required", "r.example/base:*, localhost/x,*", "r.example/base:* localhost/x *")]
    [InlineData("off", "none", "")]
    public void Images_of_the_engine_are_for_everybody_by_pattern_and_all_of_them_where_no_keys_are(
        string? auth, string? patterns, string expected)
    {
        var options = Read(("Speed:Auth", auth!), ("Speed:Docker:LocalImages", patterns!));

        Assert.Equal(expected, string.Join(' ', options.LocalImages));
    }

    [Theory]
    [InlineData("my-base")]
    [InlineData("docker.io/library/*,user/base:*")]
    [InlineData("r.example")]
    public void A_pattern_that_no_whole_name_begins_like_is_refused(string patterns)
    {
        var exception = Assert.Throws<InvalidOperationException>(() => Read(("Speed:Docker:LocalImages", patterns)));

        Assert.StartsWith($"Speed__Docker__LocalImages has '{patterns.Split(',')[^1]}'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("standard", "", true)]
    [InlineData("standard", "None", false)]
    [InlineData("strict", null, false)]
    [InlineData("strict", "none", false)]
    [InlineData("strict", "bridge", true)]
    public void Steps_of_builds_have_a_network_under_standard_or_where_the_operator_says_so(
        string? sandbox, string? network, bool haveOne) =>
        Assert.Equal(
            haveOne,
            Read(("Speed:Docker:Sandbox", sandbox ?? ""), ("Speed:Docker:BuildNetwork", network ?? "")).BuildsHaveNetwork);

    [Fact]
    public void Hosts_that_ADD_may_name_are_a_list_with_commas()
    {
        var allowed = Read(("Speed:Docker:AllowedHosts", "files.example:8080, 10.0.0.1,")).AllowedHosts;

        Assert.True(allowed.Names(new RepositoryAddress("http", "files.example", 8080, "/x")));
        Assert.True(allowed.Names(new RepositoryAddress("https", "10.0.0.1", null, "/x")));
        Assert.False(allowed.Names(new RepositoryAddress("http", "files.example", null, "/x")));
    }

    [Theory]
    [InlineData("Speed:Docker:AllowedHosts", "a b", "Speed__Docker__AllowedHosts")]
    [InlineData("Speed:Docker:BuildNetwork", "host", "Speed__Docker__BuildNetwork")]
    [InlineData("Speed:Docker:Sandbox", "loose", "Speed__Docker__Sandbox")]
    [InlineData("Speed:Docker:Endpoint", "https://h:1", "Speed__Docker__Endpoint")]
    [InlineData("DOCKER_HOST", "ssh://h", "DOCKER_HOST")]
    [InlineData("Speed:Log:MaxBytes", "1", "Speed__Log__MaxBytes")]
    [InlineData("Speed:Log:MaxBytes", "lots", "Speed__Log__MaxBytes")]
    public void A_setting_out_of_range_is_named(string key, string value, string name)
    {
        var exception = Assert.Throws<InvalidOperationException>(() => Read((key, value)));

        Assert.StartsWith(name, exception.Message, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runner_is_one_for_all_and_says_so_where_no_engine_answers()
    {
        var configuration = Configuration(("Speed:Docker:Endpoint", "unix:///nowhere/docker.sock"));
        await using var services = new ServiceCollection()
            .AddSingleton(NamedStore.Create("0123456789ab"))
            .AddSingleton(NoVolumes.Of("0123456789ab"))
            .AddDockerRunner(configuration)
            .BuildServiceProvider();
        var runner = services.GetRequiredService<IRunner>();
        var token = TestContext.Current.CancellationToken;

        var fault = await runner.FindFaultAsync(token);
        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => runner.RemoveAllAsync(1, token));

        Assert.Same(runner, services.GetRequiredService<DockerRunner>());
        Assert.StartsWith("Docker does not answer at unix:///nowhere/docker.sock", fault, StringComparison.Ordinal);
        Assert.Equal(FailureCode.DockerUnavailable, failure.Code);
    }

    private static DockerOptions Read(params (string Key, string Value)[] settings) =>
        DockerOptions.Read(Configuration(settings));

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value))
            .Build();
}
