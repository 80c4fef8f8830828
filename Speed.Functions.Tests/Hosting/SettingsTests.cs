using Microsoft.Extensions.Options;
using Speed.Deployments;
using Speed.Hosting;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives nothing but a rule: how settings are read, and refused.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Speed__MaxRunning", "-1", "1001", "x", "1.5")]
    [InlineData("Speed__MaxQueued", "0", "1000001", "")]
    [InlineData("Speed__MaxQueuedPerToken", "0", "1000001", "half")]
    [InlineData("Speed__MaxRunningPerToken", "0", "1001", "all")]
    [InlineData("Speed__Results__MaxBytes", "1023", "1073741825", "16M")]
    [InlineData("Speed__Results__PerMinute", "-1", "1000001", "none")]
    [InlineData("Speed__Results__Burst", "0", "1000001", "x")]
    [InlineData("Speed__Results__Connections", "0", "1001", "x")]
    [InlineData("Speed__Timeouts__queue_s", "0", "2592001", "1h")]
    [InlineData("Speed__Timeouts__run_s", "-1", "2592001")]
    [InlineData("Speed__MaxTimeouts__run_s", "0", "2592001")]
    [InlineData("Speed__Resources__memory_mb", "15", "x")]
    [InlineData("Speed__Resources__cpus", "0", "NaN", "1025")]
    [InlineData("Speed__Resources__pids", "0", "x")]
    [InlineData("Speed__BuildResources__cpus", "-1", "x")]
    [InlineData("Speed__MaxResources__memory_mb", "1", "99999999999")]
    [InlineData("Speed__MaxShmMb", "0", "99999999999", "64m")]
    [InlineData("Speed__MaxStopGraceSeconds", "0", "3601", "5m")]
    [InlineData("Speed__Retention__LogDays", "-1", "36501", "x")]
    [InlineData("Speed__Retention__RecordDays", "-1", "36501", "for ever")]
    [InlineData("Speed__Backup__Every", "-1", "1001", "6h", "0.5")]
    [InlineData("Speed__Backup__Keep", "0", "1001", "all")]
    [InlineData("Speed__Disk__LowBytes", "-1", "5%", "1125899906842625")]
    public void A_setting_out_of_range_is_named_with_its_range(string name, params string[] values)
    {
        foreach (var value in values.Where(value => value.Length > 0))
        {
            var fault = Assert.Throws<OptionsValidationException>(() => Read((name, value)));

            var kind = name.EndsWith("cpus", StringComparison.Ordinal) ? "number" : "whole number";
            Assert.StartsWith($"{name} must be a {kind} from ", fault.Message, StringComparison.Ordinal);
            Assert.Contains($"'{value}'", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Settings_count_as_they_are_spelt_in_the_environment_and_an_empty_one_is_not_set()
    {
        var settings = Read(
            ("Speed__MaxRunning", "0"), ("Speed__MaxQueued", ""), ("Speed__Timeouts__run_s", "0"),
            ("Speed__Resources__cpus", "0.5"), ("Speed__Git__AllowedSchemes", "https, http"));

        Assert.Equal((0, 500), (settings.MaxRunning, settings.MaxQueued));
        Assert.Equal((null, 250), (settings.MaxRunningPerToken, settings.MaxQueuedPerToken));
        Assert.Equal(
            (16_777_216, 600, 100, 16),
            (settings.MaxReportedBytes, settings.ReportsPerMinute, settings.ReportBurst, settings.ReportConnections));
        Assert.Equal((0, 300), (settings.Timeouts.RunSeconds, settings.Timeouts.CloneSeconds));
        Assert.Equal((0, 7), (settings.BackupEveryHours, settings.BackupKeep));
        Assert.Equal((30, 0, null), (settings.LogDays, settings.RecordDays, settings.DiskLowBytes));
        Assert.Equal((0.5, 1_024), (settings.Resources.Cpus, settings.Resources.MemoryMb));
        Assert.Equal(["https", "http"], settings.AllowedSchemes);
    }

    [Theory]
    [InlineData("", "", "http://127.0.0.1:7071")]
    [InlineData("", "8080", "http://127.0.0.1:8080")]
    [InlineData("http://localhost:1", "8080", "http://localhost:1")]
    [InlineData("http://127.0.0.2:1; http://[::1]:2", "", "http://127.0.0.2:1", "http://[::1]:2")]
    public void SPEED_listens_where_it_was_told_to(string urls, string port, params string[] addresses) =>
        Assert.Equal(addresses, ListenAddress.Read(
            TestSettings.Of(("Speed__Urls", urls), ("Host__LocalHttpPort", port))));

    [Theory]
    [InlineData("http://0.0.0.0:7071", "loopback")]
    [InlineData("http://*:7071", "loopback")]
    [InlineData("http://+:7071", "loopback")]
    [InlineData("http://[::]:7071", "loopback")]
    [InlineData("http://192.168.1.5:7071", "loopback")]
    [InlineData("http://example.com", "loopback")]
    [InlineData("http://localhost.example.com", "loopback")]
    [InlineData("http://127.0.0.1:7071;http://10.0.0.1:7071", "10.0.0.1")]
    [InlineData("https://127.0.0.1:7071", "http://")]
    [InlineData("127.0.0.1:7071", "http://")]
    [InlineData("http://unix:/tmp/x.sock", "http://")]
    public void An_address_that_others_may_reach_is_refused_with_the_way_out(string urls, string words)
    {
        var fault = Assert.Throws<OptionsValidationException>(
            () => ListenAddress.Read(TestSettings.Of(("Speed__Urls", urls), ("Speed__Auth", "off"))));

        Assert.Contains("Speed__Urls", fault.Message, StringComparison.Ordinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("required")]
    public void With_keys_required_others_may_reach_it(string auth) =>
        Assert.Equal(
            ["http://0.0.0.0:7071"],
            ListenAddress.Read(TestSettings.Of(("Speed__Urls", "http://0.0.0.0:7071"), ("Speed__Auth", auth))));

    [Fact]
    public void Variables_that_differ_only_in_case_are_one_setting()
    {
        var settings = ReadEnvironment(
            ("http_proxy", "http://b"), ("HTTP_PROXY", "http://a"), ("speed__maxrunning", "3"),
            ("Speed__MaxRunning", "3"), ("SPEED__URLS", ""), ("Speed__Urls", "http://c"));

        Assert.Equal(
            [("HTTP_PROXY", "http://a"), ("Speed:MaxRunning", "3"), ("Speed:Urls", "http://c")],
            settings.Select(setting => (setting.Key, setting.Value)));
    }

    [Fact]
    public void One_of_SPEED_s_settings_with_two_values_is_refused()
    {
        var fault = Assert.Throws<OptionsValidationException>(
            () => ReadEnvironment(("speed__maxrunning", "3"), ("Speed__MaxRunning", "4")));

        Assert.Equal(
            "Speed__MaxRunning and speed__maxrunning are one setting with two values: unset one of them.",
            fault.Message);
    }

    private static KeyValuePair<string, string?>[] ReadEnvironment(params (string Name, string Value)[] variables) =>
        [.. EnvironmentSettings.Read(variables.Select(one => KeyValuePair.Create(one.Name, (string?)one.Value)))];

    private static DeploymentSettings Read(params (string Name, string Value)[] settings) =>
        DeploymentSettings.Read(TestSettings.Of(settings));
}
