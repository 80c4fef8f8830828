using System.Net.Http.Json;
using System.Text.Json;
using Speed.Tests.Chaos;
using Speed.Tests.EndToEnd;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>
/// The real program as an isolated worker of a <see cref="FunctionsHost"/>, with a home and a data directory of its own, and
/// the words in which tests speak to it. It starts nothing unless told. Disposing it leaves nothing: no process, folder,
/// container or image.
/// </summary>
public sealed class HostedSpeed : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The program's own folder, with all that a host asks for; the copy among the tests has less.</summary>
    internal static readonly string AppFolder =
        Path.Combine(ArchitectureTests.Root, "Speed.Functions", "bin", Configuration, Path.GetFileName(Trimmed));

    public HostedSpeed()
        : this([])
    {
    }

    /// <param name="settings">As in the environment.</param>
    internal HostedSpeed(params (string Name, string Value)[] settings)
    {
        Settings = new Dictionary<string, string>
        {
            ["HOME"] = Home,
            ["Speed__DataDirectory"] = Directory.CreateTempSubdirectory("speed-hosted-").FullName,
            ["Speed__Auth"] = "off",
            ["Speed__MaxRunning"] = "0",
            ["Speed__Git__AllowedSchemes"] = "https,http",
            ["Speed__Git__AllowedHosts"] = "127.0.0.1",
        };
        foreach (var (name, value) in settings)
        {
            Settings[name] = value;
        }
    }

    /// <summary>Where the program is.</summary>
    internal string App { get; init; } = AppFolder;

    public string Home { get; } = Directory.CreateTempSubdirectory("speed-home-").FullName;

    /// <summary>The one that the tests were built in.</summary>
    internal static string Configuration => Directory.GetParent(Trimmed)!.Name;

    internal Dictionary<string, string> Settings { get; }

    internal FunctionsHost Host { get; private set; } = null!;

    public HttpClient Client { get; private set; } = new();

    public string DataDirectory => Settings["Speed__DataDirectory"];

    /// <summary>The name that all of its containers and images bear.</summary>
    public string Instance => Snapshot.InstanceOf(DataDirectory);

    private static string Trimmed => Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => new(StartAsync());

    /// <summary>Starts a host, and returns once SPEED has started under it; another time, on the same data.</summary>
    public async Task StartAsync()
    {
        await LoadAsync();
        await ServesAsync();
    }

    /// <summary>Starts a host, and returns once its worker has loaded all functions.</summary>
    internal async Task LoadAsync()
    {
        if (Host is not null)
        {
            await Host.DisposeAsync();
        }

        Host = await FunctionsHost.StartAsync(
            App, WorkerProcess.Starting(Path.Combine(App, "Speed.Functions.dll"), Settings));
        Client.Dispose();
        Client = new HttpClient { BaseAddress = Host.Address, Timeout = Patience };
    }

    /// <param name="body">Null: none is sent.</param>
    public async Task<Answer> AskAsync(string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Content = body is null ? null : JsonContent.Create(body, options: JsonSerializerOptions.Default),
        };

        using var answer = await Client.SendAsync(request, Now);
        return await Answer.ReadAsync(answer);
    }

    /// <summary>Fails where no request is answered, once SPEED has started.</summary>
    public async Task ServesAsync()
    {
        Answer answer;
        do
        {
            answer = await AskAsync("GET", "/health");
        }
        while (answer.Status == 503);

        Assert.True(answer.Status == 200, $"{answer.Status} {string.Join('\n', Host.Failures)}\n{Host.Output}");
    }

    /// <summary>Starts a deployment and gives its id.</summary>
    internal async Task<long> DeployAsync(GitRepository repository)
    {
        var answer = await AskAsync("POST", "/start", new { url = repository.Url, branch = "main" });
        Assert.True(answer.Status == 201, answer.Text);
        return answer.Json.GetProperty("id").GetInt64();
    }

    /// <summary>Waits for the deployment's end.</summary>
    public async Task<JsonElement> EndAsync(long id)
    {
        for (var since = 0L; ;)
        {
            var deployment = (await AskAsync("GET", $"/v1/deployments/{id}?wait=20&since={since}")).Json;
            since = deployment.GetProperty("version").GetInt64();
            if (deployment.GetProperty("ended_at").ValueKind != JsonValueKind.Null)
            {
                return deployment;
            }
        }
    }

    /// <summary>Returns once the log has this line, which it follows meanwhile.</summary>
    public async Task SeesLineAsync(long id, string line)
    {
        using var reader = new StreamReader(await Client.GetStreamAsync($"/v1/deployments/{id}/logs?follow=true", Now));
        while (await reader.ReadLineAsync(Now) is { } text)
        {
            if (text.EndsWith(line, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The log of deployment {id} ended without the line {line}.\n{Host.Output}");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await (Host?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (Settings["Speed__MaxRunning"] != "0" && File.Exists(Path.Combine(DataDirectory, "deployments.db")))
        {
            var instance = Instance;
            await DockerCli.RemoveContainersAsync($"speed-{instance}-");
            await DockerCli.RemoveInstanceAsync(instance);
        }

        Directory.Delete(DataDirectory, recursive: true);
        Directory.Delete(Home, recursive: true);
    }
}
