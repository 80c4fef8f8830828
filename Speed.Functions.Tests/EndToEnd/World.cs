using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>A running SPEED and a Git server, shared by the tests of one class.</summary>
public sealed class World : IAsyncLifetime
{
    private int _repositories;

    public SpeedApp App { get; private set; } = null!;

    public GitServer Git { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Git = await GitServer.StartAsync();
        App = await SpeedApp.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Git.DisposeAsync();
    }

    /// <summary>Makes a repository of its own for a test.</summary>
    public Task<GitRepository> RepositoryAsync(Action<GitChanges> changes) =>
        Git.CreateAsync($"app{Interlocked.Increment(ref _repositories)}", changes);

    /// <summary>Makes a repository with this Dockerfile, deploys it with these options, and waits for its end.</summary>
    public async Task<Ended> DeployAsync(string dockerfile, object? options = null)
    {
        var repository = await RepositoryAsync(r => r.File("Dockerfile", dockerfile));
        return await DeployAsync(repository, options);
    }

    public async Task<Ended> DeployAsync(GitRepository repository, object? options = null, string branch = "main")
    {
        return await EndAsync(await StartAsync(repository, options, branch));
    }

    public Task<long> StartAsync(GitRepository repository, object? options = null, string branch = "main") =>
        App.StartAsync(repository.Url, branch, MembersOf(options));

    /// <summary>Waits for a deployment's end and reads all that is left of it.</summary>
    public async Task<Ended> EndAsync(long id)
    {
        var resource = await App.WaitForEndAsync(id);
        return new Ended(id, resource, await App.ReadLogToEndAsync(id), await App.ResultsAsync(id));
    }

    /// <summary>Returns once the log has this line.</summary>
    public async Task SeesLineAsync(long id, string line)
    {
        using var answer = await App.Client.GetAsync(
            $"/v1/deployments/{id}/logs?follow=true", HttpCompletionOption.ResponseHeadersRead, Now);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Now));
        while (await reader.ReadLineAsync(Now) is { } text)
        {
            // A build's lines bear the step and the time in front.
            if (text.EndsWith(line, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The log of deployment {id} ended without the line {line}.");
    }

    /// <summary>The names of the containers of a deployment that the engine has.</summary>
    public static async Task<IReadOnlyList<string>> ContainersOfAsync(string instance, long? id = null)
    {
        var names = await DockerCli.RunAsync(
            "ps", "--all", "--format", "{{.Names}}", "--filter", $"label=speed.instance={instance}");
        var prefix = id is null ? $"speed-{instance}-" : $"speed-{instance}-{id}-";
        return [.. names.Split('\n').Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
    }

    public Task<IReadOnlyList<string>> ContainersOfAsync(long id) => ContainersOfAsync(Instance, id);

    /// <summary>Returns once this SPEED has no container left: the row is written first, the container removed then.</summary>
    public async Task EventuallyNoContainersAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await ContainersOfAsync(Instance)).Count > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    public async Task SignalAsync(long id, string signal) =>
        await DockerCli.RunAsync("kill", "--signal", signal, (await ContainersOfAsync(id)).Single());

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Instance => App.Services.GetRequiredService<IDeploymentStore>().Instance;

    private static Dictionary<string, object?>? MembersOf(object? options) =>
        options is null
            ? null
            : JsonSerializer.SerializeToElement(options).EnumerateObject().ToDictionary(
                member => member.Name, member => (object?)member.Value);
}
