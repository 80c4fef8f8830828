using Microsoft.Extensions.Options;
using Xunit;

namespace Speed.Tests.Hosting;

/// <summary>Drives SPEED over HTTP: host.json and local.settings.json of a folder of the test's own.</summary>
public sealed class SettingsFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("speed-root-").FullName;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"extensions": {"http": {"routePrefix": ""}}}""", "")]
    [InlineData("""{"extensions": {"http": {"routePrefix": "speed/one"}}}""", "/speed/one")]
    [InlineData("""{"version": "2.0"}""", "/api")]
    public async Task Every_route_begins_with_the_prefix_of_host_json(string hostJson, string prefix)
    {
        await WriteAsync("host.json", hostJson);
        await using var app = await OpenAsync();
        // Of its own: the document, to which the app's own client holds answers, has no prefix.
        using var client = new HttpClient { BaseAddress = app.Client.BaseAddress };

        foreach (var path in new[] { "/health", "/", "/ui/site.css" })
        {
            Assert.Equal(200, (int)(await client.GetAsync(prefix + path, Now)).StatusCode);
        }

        var elsewhere = await client.GetAsync(prefix.Length > 0 ? "/health" : "/api/health", Now);
        Assert.Equal(404, (int)elsewhere.StatusCode);
    }

    [Fact]
    public async Task Values_of_local_settings_count_and_a_setting_given_otherwise_wins()
    {
        await WriteAsync("host.json", """{"extensions": {"http": {"routePrefix": ""}}}""");
        await WriteAsync(
            "local.settings.json",
            """
            {
              "Values": { "Speed__MaxQueued": "1", "Speed__Timeouts__clone_s": 44, "Speed__Timeouts__build_s": "" },
              // Core Tools reads comments, too.
              "Host": { "LocalHttpPort": 1 },
            }
            """);
        await using var app = await OpenAsync(new() { ["Speed__MaxQueued"] = "2" });

        await app.StartAsync("https://example.com/r.git");
        var id = await app.StartAsync("https://example.com/r.git");

        var timeouts = (await app.GetAsync($"/v1/deployments/{id}")).GetProperty("timeouts");
        Assert.Equal((44, 1_800), (timeouts.GetProperty("clone_s").GetInt32(), timeouts.GetProperty("build_s").GetInt32()));
    }

    [Theory]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "is not JSON")]
    [InlineData("""{"Values": 1}""", "is not JSON")]
    [InlineData("""{"IsEncrypted": true, "Values": {}}""", "is encrypted")]
    [InlineData("""{"Values": {"Speed__MaxRunning": "many"}}""", "Speed__MaxRunning")]
    public async Task A_local_settings_that_cannot_be_used_stops_the_start_with_a_sentence(string text, string words)
    {
        await WriteAsync("local.settings.json", text);

        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => SpeedApp.OpenAsync(Root()));

        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    private Task<SpeedApp> OpenAsync(Dictionary<string, string>? settings = null) =>
        SpeedApp.OpenIdleAsync(Root(settings));

    private Dictionary<string, string> Root(Dictionary<string, string>? settings = null) =>
        new(settings ?? []) { ["AzureWebJobsScriptRoot"] = _folder };

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(_folder, name), text, Now);
}
