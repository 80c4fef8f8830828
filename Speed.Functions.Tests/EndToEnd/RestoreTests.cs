using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a backup in the place of lost data, while the engine goes on as it was.</summary>
public sealed class RestoreTests
{
    private const string Dockerfile =
        "FROM busybox\nCMD echo started; trap 'echo ended; exit 0' USR1; while true; do sleep 0.1; done\n";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_restored_copy_goes_on_with_what_it_knows_and_removes_what_came_after_it()
    {
        await using var git = await GitServer.StartAsync();
        var repository = await git.CreateAsync("app", r => r.File("Dockerfile", Dockerfile));
        var (known, instance, backup) = await RunAndBackUpAsync(repository.Url);
        await using var restored = await SpeedApp.RestoreAsync(backup);
        Directory.Delete(backup, recursive: true);

        var left = await EventuallyOneContainerAsync(instance);
        await DockerCli.RunAsync("kill", "--signal", "USR1", left);
        var ended = await restored.WaitForEndAsync(known);

        Assert.StartsWith($"speed-{instance}-{known}-", left, StringComparison.Ordinal);
        Assert.Equal("Succeeded", ended.GetProperty("status").GetString());
        Assert.Equal(1, ended.GetProperty("attempt").GetInt32());
        Assert.Equal("started\nended", await restored.ResultsAsync(known));
        await DockerCli.RemoveInstanceAsync(instance);
    }

    // Gives the deployment that is in the backup; another one was started after it.
    private static async Task<(long Known, string Instance, string Backup)> RunAndBackUpAsync(string url)
    {
        await using var first = await SpeedApp.OpenAsync();
        var known = await StartAsync(first, url);
        using var answer = await first.PostAsync("/v1/backup", new { });
        var made = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Now));
        await StartAsync(first, url);
        var backup = SpeedApp.CopyOf(made.GetProperty("path").GetString()!);
        // As the operator keeps it, elsewhere.
        File.Copy(Path.Combine(first.DataDirectory, "secrets.key"), Path.Combine(backup, "secrets.key"));
        return (known, first.Services.GetRequiredService<IDeploymentStore>().Instance, backup);
    }

    private static async Task<long> StartAsync(SpeedApp app, string url)
    {
        var id = await app.StartAsync(url);
        using var reader = new StreamReader(
            await app.Client.GetStreamAsync($"/v1/deployments/{id}/logs?follow=true&stream=stdout&phase=run", Now));
        Assert.Equal("started", await reader.ReadLineAsync(Now));
        return id;
    }

    private static async Task<string> EventuallyOneContainerAsync(string instance)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var names = await DockerCli.ContainersAsync($"speed-{instance}-");
            if (names.Count == 1)
            {
                return names[0];
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
