using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Chaos;

/// <summary>
/// The real program as a process of its own, on a free port and a data directory of its own, that a test may kill
/// and start again. Disposing it leaves nothing: no process, folder, container, image or network.
/// </summary>
internal sealed partial class SpeedProcess : IAsyncDisposable
{
    private const int RememberedLines = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, string> _settings;
    private readonly ConcurrentQueue<string> _output = new();
    private TaskCompletionSource<Uri> _listening = new();
    private Process? _process;
    private string? _instance;

    /// <param name="settings">As in the environment. Nothing runs yet.</param>
    public SpeedProcess(params (string Name, string Value)[] settings)
    {
        _settings = settings.ToDictionary(setting => setting.Name, setting => setting.Value);
        if (!_settings.ContainsKey("Speed__DataDirectory"))
        {
            _settings["Speed__DataDirectory"] = Directory.CreateTempSubdirectory("speed-chaos-").FullName;
        }

        _settings["Speed__Urls"] = "http://127.0.0.1:0";
        _settings["Speed__Git__AllowedSchemes"] = "https,http";
        _settings["Speed__Git__AllowedHosts"] = "127.0.0.1";

        // It never lives long enough for a profile to pay.
        _settings["DOTNET_TieredPGO"] = "0";
    }

    public string DataDirectory => _settings["Speed__DataDirectory"];

    public int Id => _process!.Id;

    /// <summary>Speaks to the process that runs now.</summary>
    public HttpClient Client { get; private set; } = new();

    /// <summary>What it printed last, of all its lives.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Known once it was up.</summary>
    public string Instance => _instance ??= Snapshot.InstanceOf(DataDirectory);

    /// <summary>Starts it, and does not wait for anything.</summary>
    public void Launch()
    {
        var listening = _listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = new ProcessStartInfo("dotnet", [typeof(Speed.Endpoints.Refusal).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Take(line.Data, listening);
        _process.ErrorDataReceived += (_, line) => Take(line.Data, listening);
        _process.Exited += (_, _) =>
            listening.TrySetException(new InvalidOperationException($"SPEED ended:\n{Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts it, and returns once it answers.</summary>
    public async Task StartAsync()
    {
        var since = Stopwatch.GetTimestamp();
        Launch();
        await AnswersAsync();
        StartTook = Stopwatch.GetElapsedTime(since);
    }

    /// <summary>How long the last start took until it answered.</summary>
    public TimeSpan StartTook { get; private set; }

    /// <summary>Returns once it answers.</summary>
    public async Task AnswersAsync()
    {
        var address = await _listening.Task.WaitAsync(Patience, Now);
        Client.Dispose();
        Client = new HttpClient { BaseAddress = address, Timeout = Patience };
        using var answer = await Client.GetAsync("/health", Now);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>SIGTERM. Gives its exit code, and how long it took to end.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync()
    {
        var since = Stopwatch.GetTimestamp();
        await Signal.SendAsync(Id, "TERM");
        await _process!.WaitForExitAsync(Now).WaitAsync(Patience, Now);
        return (_process.ExitCode, Stopwatch.GetElapsedTime(since));
    }

    /// <summary>Ends it in good order and starts it again.</summary>
    public async Task RestartAsync()
    {
        await TerminateAsync();
        await StartAsync();
    }

    /// <summary>Waits for it to end by itself. Gives the exit code.</summary>
    public async Task<int> ExitsAsync(TimeSpan within)
    {
        await _process!.WaitForExitAsync(Now).WaitAsync(within, Now);
        return _process.ExitCode;
    }

    /// <summary>Starts a deployment and gives its id.</summary>
    public async Task<long> DeployAsync(string url, object? options = null)
    {
        var body = JsonSerializer.SerializeToNode(options ?? new { })!.AsObject();
        (body["url"], body["branch"]) = (url, "main");
        using var answer = await Client.PostAsJsonAsync("/start", body, Now);
        var text = await answer.Content.ReadAsStringAsync(Now);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return JsonElement.Parse(text).GetProperty("id").GetInt64();
    }

    /// <summary>A leader's word, or a result.</summary>
    public Task<HttpResponseMessage> DeclareAsync(long id, string word) =>
        Client.PostAsJsonAsync("/update", new { id, new_results = word }, Now);

    public Task<JsonElement> GetAsync(long id) => Client.GetFromJsonAsync<JsonElement>($"/v1/deployments/{id}", Now);

    /// <summary>The log as it is now, as text.</summary>
    public Task<string> LogAsync(long id) => Client.GetStringAsync($"/v1/deployments/{id}/logs", Now);

    /// <summary>Waits until this holds of the deployment.</summary>
    public async Task<JsonElement> UntilAsync(long id, Func<JsonElement, bool> holds, TimeSpan? patience = null)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var deployment = await GetAsync(id);
            if (holds(deployment))
            {
                return deployment;
            }

            if (Stopwatch.GetElapsedTime(started) > (patience ?? Patience))
            {
                Assert.Fail($"Waited in vain for deployment {id}: {deployment}\n{await LogAsync(id)}\n{Output}");
            }

            await Task.Delay(20, Now);
        }
    }

    /// <summary>Waits for the deployment's end, its log's too.</summary>
    public Task<JsonElement> EndAsync(long id, TimeSpan? patience = null) => UntilAsync(
        id,
        now => now.GetProperty("ended_at").ValueKind != JsonValueKind.Null
            && now.GetProperty("log").GetProperty("sha256").ValueKind != JsonValueKind.Null,
        patience);

    /// <summary>Follows the log until it has this line.</summary>
    public async Task SeesLineAsync(long id, string line)
    {
        using var answer = await Client.GetAsync(
            $"/v1/deployments/{id}/logs?follow=true", HttpCompletionOption.ResponseHeadersRead, Now);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Now));
        while (await reader.ReadLineAsync(Now) is { } text)
        {
            if (text.EndsWith(line, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The log of deployment {id} ended without the line {line}.");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        if (File.Exists(Path.Combine(DataDirectory, "deployments.db")))
        {
            await RemoveInstanceAsync();
        }

        if (Directory.Exists(DataDirectory))
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private async Task RemoveInstanceAsync()
    {
        await DockerCli.RemoveContainersAsync($"speed-{Instance}-");
        await DockerCli.RemoveInstanceAsync(Instance);
    }

    private void Take(string? line, TaskCompletionSource<Uri> listening)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        while (_output.Count > RememberedLines)
        {
            _output.TryDequeue(out _);
        }

        if (ListensOn().Match(line) is { Success: true } match)
        {
            listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"SPEED listens on (http://\S+)")]
    private static partial Regex ListensOn();
}
