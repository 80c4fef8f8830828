using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Tests.OpenApi;
using Xunit;

namespace Speed.Tests;

/// <summary>
/// A whole SPEED on a free loopback port with a data directory of its own, and the words in which tests speak to it.
/// Disposing it leaves nothing behind.
/// </summary>
public sealed class SpeedApp : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, string> _settings;
    private readonly Action<IServiceCollection>? _change;
    private RunningSpeed _running;
    private bool _isStopped;

    private SpeedApp(Dictionary<string, string> settings, Action<IServiceCollection>? change, RunningSpeed running)
    {
        _settings = settings;
        _change = change;
        _running = running;
        Client = NewClient();
    }

    /// <summary>Speaks to this app and holds every answer to openapi.json; its requests end after a minute.</summary>
    public HttpClient Client { get; private set; }

    public IServiceProvider Services => _running.Services;

    public string DataDirectory => _settings["Speed:DataDirectory"];

    /// <param name="settings">As in the environment, <c>Speed__MaxRunning</c> and so on.</param>
    /// <param name="change">Puts other services in the place of SPEED's own.</param>
    public static async Task<SpeedApp> OpenAsync(
        Dictionary<string, string>? settings = null, Action<IServiceCollection>? change = null)
    {
        var all = new Dictionary<string, string>
        {
            ["Speed:Urls"] = "http://127.0.0.1:0",
            ["Speed:Auth"] = "off",
            ["Speed:DataDirectory"] = settings?.GetValueOrDefault("Speed__DataDirectory")
                ?? Directory.CreateTempSubdirectory("speed-test-").FullName,
            ["Speed:Git:AllowedSchemes"] = "https,http",
            ["Speed:Git:AllowedHosts"] = "127.0.0.1",
        };
        foreach (var (name, value) in settings ?? [])
        {
            all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        try
        {
            return new SpeedApp(all, change, await RunningSpeed.StartAsync(all, change));
        }
        catch
        {
            Directory.Delete(all["Speed:DataDirectory"], recursive: true);
            throw;
        }
    }

    /// <summary>One that starts nothing: only the store is at work.</summary>
    /// <param name="settings">As in the environment.</param>
    public static Task<SpeedApp> OpenIdleAsync(Dictionary<string, string>? settings = null) =>
        OpenAsync(new(settings ?? []) { ["Speed__MaxRunning"] = "0" });

    /// <summary>One that starts nothing, on the data of a backup.</summary>
    public static Task<SpeedApp> RestoreIdleAsync(string backup) =>
        OpenIdleAsync(new() { ["Speed__DataDirectory"] = CopyOf(backup) });

    /// <summary>One on the data of a backup.</summary>
    public static Task<SpeedApp> RestoreAsync(string backup) =>
        OpenAsync(new() { ["Speed__DataDirectory"] = CopyOf(backup) });

    /// <summary>A data directory with the files of a backup, and nothing else.</summary>
    public static string CopyOf(string backup)
    {
        var data = Directory.CreateTempSubdirectory("speed-test-").FullName;
        foreach (var file in Directory.GetFiles(backup))
        {
            File.Copy(file, Path.Combine(data, Path.GetFileName(file)));
        }

        return data;
    }

    /// <summary>Stops SPEED in good order and starts it anew on the same data.</summary>
    /// <param name="meanwhile">Done while it is away.</param>
    public async Task RestartAsync(Func<Task>? meanwhile = null)
    {
        await StopAsync();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        _running = await RunningSpeed.StartAsync(_settings, _change);
        _isStopped = false;
        Client = NewClient();
    }

    /// <summary>Starts a deployment and gives its id.</summary>
    /// <param name="options">More members of the body.</param>
    public async Task<long> StartAsync(string url, string branch = "main", Dictionary<string, object?>? options = null)
    {
        var body = new Dictionary<string, object?>(options ?? []) { ["url"] = url, ["branch"] = branch };
        using var answer = await PostAsync("/start", body);
        await ExpectAsync(answer, HttpStatusCode.Created);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Now)).GetProperty("id").GetInt64();
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body) => Client.PostAsJsonAsync(path, body, Now);

    public Task<Answer> PutAsync(string path, object body) =>
        SendAsync(path, JsonSerializer.Serialize(body), method: HttpMethod.Put);

    public async Task<Answer> DeleteAsync(string path)
    {
        using var answer = await Client.DeleteAsync(path, Now);
        return await Answer.ReadAsync(answer);
    }

    /// <summary>Sends a body as it is, whatever it is; by POST unless told.</summary>
    public async Task<Answer> SendAsync(
        string path, string body, string contentType = "application/json", string? idempotencyKey = null,
        HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        using var answer = await Client.SendAsync(request, Now);
        return await Answer.ReadAsync(answer);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(path, Now);
        await ExpectAsync(answer, HttpStatusCode.OK);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Now);
    }

    public Task<JsonElement> InfoAsync(long id) => GetAsync($"/info/{id}");

    public async Task<string> ResultsAsync(long id) =>
        (await GetAsync($"/results/{id}")).GetProperty("results").GetString()!;

    /// <summary>The whole resource.</summary>
    public Task<JsonElement> GetDeploymentAsync(long id) => GetAsync($"/v1/deployments/{id}");

    /// <summary>Tells SPEED a leader's status word, or a result.</summary>
    public Task<HttpResponseMessage> UpdateAsync(long id, string newResults) =>
        PostAsync("/update", new { id, new_results = newResults });

    /// <summary>Waits until the deployment has this status, and fails at once if it ended with another.</summary>
    public Task<JsonElement> WaitForStatusAsync(long id, string status) =>
        WaitAsync(id, status, now => now == status, failsAtEnd: true);

    /// <summary>Waits until the deployment has ended, whatever its end. A minute unless told.</summary>
    public Task<JsonElement> WaitForEndAsync(long id, TimeSpan? patience = null) =>
        WaitAsync(id, "an end", IsFinal, failsAtEnd: false, patience);

    /// <summary>Follows the log to its end, as plain text.</summary>
    public Task<string> ReadLogToEndAsync(long id) =>
        Client.GetStringAsync($"/v1/deployments/{id}/logs?follow=true", Now);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(DataDirectory, recursive: true);
    }

    /// <summary>Fails with the answer's own words.</summary>
    public static async Task ExpectAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        if (answer.StatusCode != status)
        {
            Assert.Fail($"Expected {status}, got {answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Now)}");
        }
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private async Task<JsonElement> WaitAsync(
        long id, string what, Func<string, bool> isThere, bool failsAtEnd, TimeSpan? patience = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var since = 0L; ;)
        {
            var deployment = await GetAsync($"/v1/deployments/{id}?wait=20&since={since}");
            var status = deployment.GetProperty("status").GetString()!;
            since = deployment.GetProperty("version").GetInt64();
            if (isThere(status))
            {
                return deployment;
            }

            if ((failsAtEnd && IsFinal(status)) || TimeProvider.System.GetElapsedTime(started) > (patience ?? Patience))
            {
                Assert.Fail($"Waited for {what}, but deployment {id} is: {deployment}");
            }
        }
    }

    private static bool IsFinal(string status) => status is "Succeeded" or "Failed" or "Canceled";

    private HttpClient NewClient() => new(
        ContractHandler.IsOn ? new ContractHandler() : new SocketsHttpHandler { UseCookies = false })
    {
        BaseAddress = _running.Address,
        Timeout = Patience,
    };

    private async Task StopAsync()
    {
        // Already, where it could not be started again.
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        Client.Dispose();
        await _running.StopAsync();
    }
}
