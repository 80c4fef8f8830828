using System.Formats.Tar;
using System.Net;
using System.Text.Json;
using Docker.DotNet.Models;

namespace Speed.Runners;

/// <summary>A file or folder of a container, running or not: what it is, and how it begins.</summary>
/// <param name="Path">Where it was found, links followed.</param>
/// <param name="Mode">As Go's <c>fs.FileMode</c> has it: the lowest nine bits are the rights.</param>
/// <param name="Start">Up to 4 KiB of a file; empty for anything else.</param>
internal sealed record ContainerFile(string Path, uint Mode, long Size, byte[] Start)
{
    private const uint FolderBit = 1u << 31;
    private const uint LinkBit = 1u << 27;
    private const uint ExecutableBits = 0b001_001_001;
    private const int StartBytes = 4096;
    private const int MostLinks = 8;

    public bool IsFolder => (Mode & FolderBit) != 0;

    public bool IsExecutable => (Mode & ExecutableBits) != 0;

    /// <summary>In the place of one that the engine does not give.</summary>
    public static readonly ContainerFile Unseen = new("", 0, 0, []);

    /// <summary>Null where there is none.</summary>
    public static async Task<ContainerFile?> FindAsync(
        DockerConnection docker, string containerId, string path, CancellationToken cancellationToken)
    {
        for (var n = 0; n < MostLinks; n++)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"/containers/{containerId}/archive?path={Uri.EscapeDataString(path)}");
            using var answer = await docker.SendAsync(request, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            if (answer.StatusCode != HttpStatusCode.OK || StatOf(answer) is not { } stat)
            {
                return Unseen;
            }

            if (((uint)stat.Mode & LinkBit) == 0)
            {
                var start = await ReadStartAsync(answer, docker, cancellationToken);
                return new ContainerFile(path, (uint)stat.Mode, stat.Size, start);
            }

            // The engine resolves it within the container.
            path = stat.LinkTarget;
        }

        return Unseen;
    }

    private static ContainerPathStatResponse? StatOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("X-Docker-Container-Path-Stat", out var values)
            ? JsonSerializer.Deserialize<ContainerPathStatResponse>(Convert.FromBase64String(values.First()), JsonSerializerOptions.Web)
            : null;

    private static async Task<byte[]> ReadStartAsync(
        HttpResponseMessage answer, DockerConnection docker, CancellationToken cancellationToken)
    {
        try
        {
            await using var tar = new TarReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
            if (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is not { DataStream: { } data })
            {
                return [];
            }

            var buffer = new byte[StartBytes];
            var count = await data.ReadAtLeastAsync(buffer, StartBytes, throwOnEndOfStream: false, cancellationToken);
            return buffer[..count];
        }
        catch (IOException exception)
        {
            throw docker.Unavailable(exception);
        }
    }
}
