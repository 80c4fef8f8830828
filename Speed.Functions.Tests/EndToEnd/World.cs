using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>A running SPEED and a Git server, shared by the tests of one class.</summary>
public sealed class World : IAsyncLifetime
{
    private int _repositories;

    /// <summary>As in the environment.</summary>
    public Dictionary<string, string> Settings { get; init; } = [];

    /// <summary>Puts other services in the place of SPEED's own; null puts none.</summary>
    public Action<IServiceCollection>? Change { get; init; }

    public SpeedApp App { get; private set; } = null!;

    public GitServer Git { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Git = await GitServer.StartAsync();
        App = await SpeedApp.OpenAsync(Settings, Change);
    }

    public async ValueTask DisposeAsync()
    {
        var instance = Instance;
        await App.DisposeAsync();
        await Git.DisposeAsync();
        await Services.RemoveAllAsync(instance);
        await DockerCli.RemoveInstanceAsync(instance);
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
    public async Task<Ended> EndAsync(long id, TimeSpan? patience = null)
    {
        var resource = await App.WaitForEndAsync(id, patience);
        return new Ended(id, resource, await App.ReadLogToEndAsync(id), await App.ResultsAsync(id));
    }

    /// <summary>Returns once the log has this line.</summary>
    // A build's lines bear the step and the time in front.
    public Task SeesLineAsync(long id, string line) =>
        SeesLineAsync(id, text => text.EndsWith(line, StringComparison.Ordinal), what: line);

    /// <summary>Returns once the log has so many such lines.</summary>
    public async Task SeesLineAsync(
        long id, Func<string, bool> isIt, int times = 1, [CallerArgumentExpression(nameof(isIt))] string? what = null)
    {
        using var answer = await App.Client.GetAsync(
            $"/v1/deployments/{id}/logs?follow=true", HttpCompletionOption.ResponseHeadersRead, Now);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Now));
        var text = "";
        while (times > 0 && (text = await reader.ReadLineAsync(Now)) is not null)
        {
            times -= isIt(text) ? 1 : 0;
        }

        Assert.True(text is not null, $"The log of deployment {id} ended without the line {what}.");
    }

    /// <summary>The names of the containers of a deployment that the engine has.</summary>
    public Task<IReadOnlyList<string>> ContainersOfAsync(long id) => DockerCli.ContainersAsync($"speed-{Instance}-{id}-");

    /// <summary>Returns once this SPEED has no container left.</summary>
    public Task EventuallyNoContainersAsync() => DockerCli.EventuallyNoContainersAsync($"speed-{Instance}-");

    /// <summary>Returns once this deployment has no container left.</summary>
    public Task EventuallyNoContainersAsync(long id) => DockerCli.EventuallyNoContainersAsync($"speed-{Instance}-{id}-");

    public async Task SignalAsync(long id, string signal) =>
        await DockerCli.RunAsync("kill", "--signal", signal, (await ContainersOfAsync(id)).Single());

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>The name that all of this SPEED's containers and images bear.</summary>
    public string Instance => App.Services.GetRequiredService<IDeploymentStore>().Instance;

    private static Dictionary<string, object?>? MembersOf(object? options) =>
        options is null
            ? null
            : JsonSerializer.SerializeToElement(options).EnumerateObject().ToDictionary(
                member => member.Name, member => (object?)member.Value);
}
