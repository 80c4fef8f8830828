using System.Text.Json;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>What tests say of services.</summary>
internal static class Services
{
    // Up as soon as it answers, and not only when it has lived for ten seconds.
    public const string Healthcheck =
        "HEALTHCHECK --interval=1s --retries=100 CMD wget -q -O /dev/null http://127.0.0.1:8080/\n";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static string Text(this JsonElement of, string member) => of.GetProperty(member).GetString()!;

    public static long Id(this JsonElement deployment) => deployment.GetProperty("id").GetInt64();

    /// <summary>A repository whose server answers with this text.</summary>
    public static Task<GitRepository> ServerAsync(this World world, string text) => world.RepositoryAsync(Server(text));

    public static Action<GitChanges> Server(string text) => r => r.File(
        "Dockerfile",
        $"FROM busybox\nRUN mkdir /www && printf {text} > /www/index.html\nEXPOSE 8080\n{Healthcheck}"
        + "CMD exec httpd -f -p 8080 -h /www\n");

    /// <summary>Where the first of its ports is published.</summary>
    public static string AddressOf(JsonElement deployment) => deployment.GetProperty("endpoints")[0].Text("url");

    /// <summary>Waits until a service is up, and gives it; fails with its log where it ends instead.</summary>
    public static Task<JsonElement> UpAsync(this World world, long id) =>
        world.UntilAsync(id, now => now.GetProperty("up_at").ValueKind == JsonValueKind.String && now.Text("status") == "Running");

    public static Task<JsonElement> WaitForAttemptAsync(this World world, long id, int attempt) =>
        world.UntilAsync(id, now => now.GetProperty("attempt").GetInt32() >= attempt);

    public static Task<string> LogAsync(this World world, JsonElement deployment) =>
        world.App.Client.GetStringAsync($"/v1/deployments/{deployment.Id()}/logs", Now);

    /// <summary>The names of all containers of this SPEED.</summary>
    public static Task<IReadOnlyList<string>> ContainersAsync(this World world) =>
        DockerCli.ContainersAsync($"speed-{world.Instance}-");

    /// <summary>A service outlives SPEED, and volumes outlive all: a test leaves neither.</summary>
    public static async Task RemoveAllAsync(string instance)
    {
        await DockerCli.RemoveContainersAsync($"speed-{instance}-");

        foreach (var volume in await DockerCli.LinesAsync(
            "volume", "ls", "--quiet", "--filter", $"label=speed.instance={instance}"))
        {
            await DockerCli.RunAsync("volume", "rm", volume);
        }
    }

    private static async Task<JsonElement> UntilAsync(this World world, long id, Func<JsonElement, bool> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
        patience.CancelAfter(Patience);
        for (long version = 0; ;)
        {
            var now = await world.App.GetAsync($"/v1/deployments/{id}?wait=5&since={version}");
            if (isSo(now))
            {
                return now;
            }

            var hasEnded = now.GetProperty("ended_at").ValueKind == JsonValueKind.String;
            Assert.False(hasEnded || patience.IsCancellationRequested, $"{now}\n{await world.LogAsync(now)}");
            version = now.GetProperty("version").GetInt64();
        }
    }
}
