using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;

namespace Speed.Runners;

/// <summary>Runs a command inside a running container, as its own user.</summary>
internal static class ContainerExec
{
    /// <summary>
    /// Returns when the command has ended; canceling stops the waiting, not the command. Throws
    /// <see cref="Docker.DotNet.DockerApiException"/> where the engine does not begin it.
    /// </summary>
    /// <param name="keptBytes">Of what it prints, both streams together, so much is kept from its start.</param>
    public static async Task<(long ExitCode, string Output)> RunAsync(
        DockerConnection docker, string containerId, IList<string> command, int keptBytes, CancellationToken cancellationToken)
    {
        var exec = await docker.AskAsync(client => client.Exec.CreateContainerExecAsync(
            containerId,
            new ContainerExecCreateParameters { Cmd = command, AttachStdout = true, AttachStderr = true },
            cancellationToken));
        var output = await ReadOutputAsync(docker, exec.ID, keptBytes, cancellationToken);
        var ended = await docker.AskAsync(client => client.Exec.InspectContainerExecAsync(exec.ID, cancellationToken));
        return (ended.ExitCode ?? 0, output);
    }

    // To its end: the engine closes it when the command has ended.
    private static async Task<string> ReadOutputAsync(
        DockerConnection docker, string execId, int keptBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/exec/{execId}/start")
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new { Detach = false, Tty = false }), Encoding.UTF8, "application/json"),
        };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("tcp"));
        using var answer = await docker.SendAsync(request, cancellationToken);
        var frames = new OutputFrames(await answer.Content.ReadAsStreamAsync(cancellationToken));
        using var kept = new MemoryStream();
        while (await frames.ReadAsync(cancellationToken) is var (_, bytes))
        {
            kept.Write(bytes.Span[..Math.Min(bytes.Length, keptBytes - (int)kept.Length)]);
        }

        return Encoding.UTF8.GetString(kept.ToArray());
    }
}
