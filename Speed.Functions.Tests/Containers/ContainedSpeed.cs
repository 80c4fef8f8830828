using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Speed.Tests.Chaos;
using Speed.Tests.Data;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Containers;

/// <summary>
/// SPEED in a container, on a volume of its own. Disposing it leaves nothing: no container, volume, image or network of its
/// own, nor of its deployments.
/// </summary>
internal abstract class ContainedSpeed(int port) : IAsyncDisposable
{
    protected const string Socket = "/var/run/docker.sock";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>As in the environment; changed before it is started.</summary>
    public Dictionary<string, string> Settings { get; } = new()
    {
        ["Speed__Urls"] = $"http://127.0.0.1:{port}",
        ["Speed__Git__AllowedSchemes"] = "https,http,file",
        ["Speed__Git__AllowedHosts"] = "127.0.0.1",
        ["Speed__Docker__LocalImages"] = "docker.io/library/*",
    };

    /// <summary>Sends the admin key.</summary>
    public HttpClient Client { get; } = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Patience };

    /// <summary>The name of SPEED's own container.</summary>
    public abstract string Container { get; }

    protected static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>The engine's socket on the engine's own host.</summary>
    protected static string HostSocket =>
        Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host ? new Uri(host).LocalPath : Socket;

    /// <summary>The number of the group that may open it, as <c>docs/container.md</c> finds it.</summary>
    protected static string SocketGroup() =>
        Process.Start(new ProcessStartInfo("stat", ["-Lc", "%g", HostSocket]) { RedirectStandardOutput = true })!
            .StandardOutput.ReadToEnd().Trim();

    /// <summary>Begins, or goes on with another image and the same data, and returns once it answers.</summary>
    public async Task UpAsync(string image)
    {
        await StartAsync(image);
        await AnswersAsync();
        var key = await DockerCli.RunAsync("exec", Container, "cat", "/data/admin.key");
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Trim());
    }

    public async Task RestartAsync()
    {
        await DockerCli.RunAsync("restart", "--time", "40", Container);
        await AnswersAsync();
    }

    /// <summary>Takes its container away, and its data.</summary>
    public abstract Task DownAsync();

    public async Task<long> DeployAsync(string url, object options)
    {
        var body = JsonSerializer.SerializeToNode(options)!.AsObject();
        (body["url"], body["branch"]) = (url, "main");
        using var answer = await Client.PostAsJsonAsync("/start", body, Now);
        var text = await answer.Content.ReadAsStringAsync(Now);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return JsonElement.Parse(text).GetProperty("id").GetInt64();
    }

    public Task<JsonElement> GetAsync(long id) => Client.GetFromJsonAsync<JsonElement>($"/v1/deployments/{id}", Now);

    public Task<string> LogAsync(long id) => Client.GetStringAsync($"/v1/deployments/{id}/logs", Now);

    /// <summary>The findings of the doctor by their names.</summary>
    public async Task<ILookup<string, JsonElement>> ExamineAsync() =>
        (await Client.GetFromJsonAsync<JsonElement>("/v1/doctor", Now)).GetProperty("checks").EnumerateArray()
        .ToLookup(check => check.GetProperty("name").GetString()!);

    public async Task<JsonElement> UntilAsync(long id, Func<JsonElement, bool> holds)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var deployment = await GetAsync(id);
            if (holds(deployment))
            {
                return deployment;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                Assert.Fail($"Waited in vain for deployment {id}: {deployment}\n{await LogAsync(id)}\n{await PrintedAsync()}");
            }

            await Task.Delay(50, Now);
        }
    }

    public Task<JsonElement> IsUpAsync(long id) =>
        UntilAsync(id, now => now.GetProperty("up_at").ValueKind == JsonValueKind.String && IsRunning(now));

    public Task<JsonElement> EndsAsync(long id) => UntilAsync(
        id,
        now => now.GetProperty("ended_at").ValueKind == JsonValueKind.String
            && now.GetProperty("log").GetProperty("sha256").ValueKind == JsonValueKind.String);

    public static bool IsRunning(JsonElement deployment) => deployment.GetProperty("status").GetString() == "Running";

    /// <summary>What SPEED printed.</summary>
    public Task<string> PrintedAsync() => DockerCli.RunAsync("logs", Container);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        var instance = await FindInstanceAsync();
        await DownAsync();
        if (instance is not null)
        {
            await Services.RemoveAllAsync(instance);
            await DockerCli.RemoveInstanceAsync(instance);
        }
    }

    /// <summary>What all that this SPEED made bears in its name; null where it has no container.</summary>
    public async Task<string?> FindInstanceAsync()
    {
        if (!(await DockerCli.ContainersAsync(Container)).Contains(Container))
        {
            return null;
        }

        using var copy = new TempFolder();
        await DockerCli.RunAsync("cp", $"{Container}:/data/.", copy.FullPath);
        return Snapshot.InstanceOf(copy.FullPath);
    }

    /// <summary>Starts SPEED's container from this image, in the place of one that is there.</summary>
    protected abstract Task StartAsync(string image);

    private async Task AnswersAsync()
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                using var answer = await Client.GetAsync("/health", Now);
                answer.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(started) < Patience)
            {
                await Task.Delay(50, Now);
            }
        }
    }
}
