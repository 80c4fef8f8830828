using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Speed.Data;
using Speed.Deployments;
using Speed.Sources;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives nothing but a rule: how the settings of Git are read, and refused.</summary>
public sealed class GitSettingsTests
{
    [Fact]
    public void Without_settings_only_https_is_allowed()
    {
        var options = Options();

        Assert.Equal(["https"], options.AllowedSchemes);
        Assert.Null(options.Proxy);
        Assert.Null(options.CaFile);
        Assert.Empty(options.AllowedHosts);
        Assert.False(options.OnlyAllowedHosts);
        Assert.Equal(2_048, options.MemoryMb);
    }

    [Fact]
    public void Settings_are_read()
    {
        var certificates = typeof(GitSettingsTests).Assembly.Location;

        var options = Options(
            ("Speed:DataDirectory", "/data"),
            ("Speed:Git:AllowedSchemes", "https, http,ssh,file"),
            ("Speed:Git:Proxy", "http://proxy:3128"),
            ("Speed:Git:CaFile", certificates),
            ("Speed:Git:AllowedHosts", "git.lan, 10.0.0.1:8080,[fd00::1]"),
            ("Speed:Git:OnlyAllowedHosts", "true"),
            ("Speed:Git:MemoryMb", "512"));

        Assert.Equal(["https", "http", "ssh", "file"], options.AllowedSchemes);
        Assert.Equal("http://proxy:3128", options.Proxy);
        Assert.Equal(certificates, options.CaFile);
        Assert.Equal("/data/git", options.WorkFolder);
        Assert.Equal(["git.lan", "10.0.0.1:8080", "[fd00::1]"], options.AllowedHosts);
        Assert.True(options.OnlyAllowedHosts);
        Assert.Equal(512, options.MemoryMb);
    }

    [Theory]
    [InlineData("127")]
    [InlineData("1048577")]
    [InlineData("2 GiB")]
    public void A_memory_that_git_cannot_be_held_to_is_named(string value)
    {
        var fault = Assert.Throws<OptionsValidationException>(() => Options(("Speed:Git:MemoryMb", value)));

        Assert.StartsWith("Speed__Git__MemoryMb must be a whole number from 128 to 1048576", fault.Message);
    }

    [Theory]
    [InlineData(null, "/data/known_hosts")]
    [InlineData("/etc/ssh/keys", "/etc/ssh/keys")]
    public void Known_ssh_servers_are_in_the_data_directory_unless_set(string? setting, string path) =>
        Assert.Equal(
            path, Options(("Speed:DataDirectory", "/data"), ("Speed:Git:KnownHostsFile", setting)).KnownHostsFile);

    [Fact]
    public void Unless_set_it_works_where_the_store_is_before_that_folder_is_made()
    {
        var store = new StoreOptions().DataDirectory;

        Assert.False(Directory.Exists(store), $"{store} is there: this account is not as fresh as the test needs it.");
        Assert.Equal(Path.Combine(store, "git"), Options().WorkFolder);
    }

    [Fact]
    public void The_source_is_one_for_all()
    {
        using var services = Services();

        Assert.Same(services.GetRequiredService<GitSource>(), services.GetRequiredService<ISource>());
    }

    [Fact]
    public void An_empty_setting_is_not_set() =>
        Assert.Equal(["https"], Options(("Speed:Git:AllowedSchemes", ""), ("Speed:Git:CaFile", " ")).AllowedSchemes);

    [Theory]
    [InlineData("Speed:Git:AllowedSchemes", "https,gopher", "Speed__Git__AllowedSchemes has `gopher`")]
    [InlineData("Speed:Git:AllowedSchemes", "HTTPS", "Speed__Git__AllowedSchemes has `HTTPS`")]
    [InlineData("Speed:Git:CaFile", "/nowhere.pem", "Speed__Git__CaFile names `/nowhere.pem`, which does not exist")]
    [InlineData("Speed:Git:CaFile", "/", "Speed__Git__CaFile names `/`, which cannot be read: ")]
    [InlineData("Speed:Git:AllowedHosts", "a.example,http://b.example", "Speed__Git__AllowedHosts has `http://b.example`")]
    [InlineData("Speed:Git:AllowedHosts", "a.example:0", "Speed__Git__AllowedHosts has `a.example:0`")]
    [InlineData("Speed:Git:AllowedHosts", "fd00::1", "Speed__Git__AllowedHosts has `fd00::1`")]
    [InlineData("Speed:Git:OnlyAllowedHosts", "yes", "Speed__Git__OnlyAllowedHosts must be true or false")]
    public void A_wrong_setting_is_named(string name, string value, string words)
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Options((name, value)));

        Assert.StartsWith(words, fault.Message);
    }

    [Theory]
    [InlineData("git version 2.37.0", true)]
    [InlineData("git version 2.39.5 (Apple Git-154)", true)]
    [InlineData("git version 3.0.1", true)]
    [InlineData("git version 2.36.6", false)]
    [InlineData("git version 2.9.5", false)]
    [InlineData("no version", false)]
    public void An_old_git_is_told(string answer, bool isFine)
    {
        var fault = GitVersion.FindFault(answer);

        Assert.Equal(isFine, fault is null);
        Assert.True(isFine || fault!.StartsWith("Git 2.37 or newer is needed"));
    }

    [Fact]
    public async Task The_git_of_this_machine_will_do() =>
        Assert.Null(await new GitSource(new GitOptions(), TimeProvider.System)
            .FindFaultAsync(TestContext.Current.CancellationToken));

    private static ServiceProvider Services(params (string Name, string? Value)[] settings) =>
        new ServiceCollection()
            .AddGitSource(new ConfigurationBuilder()
                .AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => setting.Value))
                .Build())
            .BuildServiceProvider();

    private static GitOptions Options(params (string Name, string? Value)[] settings)
    {
        using var services = Services(settings);
        return services.GetRequiredService<GitOptions>();
    }
}
