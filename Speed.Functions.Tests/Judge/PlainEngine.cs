using System.Formats.Tar;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Runners;

namespace Speed.Tests.Judge;

/// <summary>
/// A build as the engine itself does it: the text goes there as it is, and nobody has read it before.
/// </summary>
internal sealed class PlainEngine : IAsyncDisposable
{
    private readonly DockerConnection _engine = new(DockerWorld.Endpoint);
    private readonly string _mark = Guid.NewGuid().ToString("N")[..12];
    private int _count;

    /// <summary>Null where it was built, else what the engine says.</summary>
    public async Task<string?> BuildAsync(HostileDockerfile one, Sandbox builder, CancellationToken token)
    {
        var parameters = new Dictionary<string, string>
        {
            ["version"] = builder == Sandbox.Standard ? "2" : "1",
            ["dockerfile"] = "Dockerfile",
            ["buildargs"] = JsonSerializer.Serialize(one.BuildArgs),
            ["t"] = $"judge-{_mark}:{Interlocked.Increment(ref _count)}",
            ["rm"] = "1",
            ["forcerm"] = "1",
        };
        if (one.Target is not null)
        {
            parameters["target"] = one.Target;
        }

        var query = string.Join('&', parameters.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/build?{query}")
        {
            Content = new ByteArrayContent(Pack(one)) { Headers = { ContentType = new("application/x-tar") } },
        };
        using var response = await _engine.SendAsync(request, token);
        var answer = await response.Content.ReadAsStringAsync(token);
        return response.IsSuccessStatusCode ? FindError(answer) : answer;
    }

    /// <summary>Makes an image of this name for others to stand on.</summary>
    public async Task<string> MakeBaseAsync(string name, string dockerfile, CancellationToken token)
    {
        var error = await BuildAsync(
            new HostileDockerfile(0, System.Text.Encoding.UTF8.GetBytes(dockerfile)), Sandbox.Strict, token);
        var image = $"judge-{_mark}-{name}";
        await _engine.AskAsync(client => client.Images.TagImageAsync(
            $"judge-{_mark}:{_count}", new ImageTagParameters { RepositoryName = image, Tag = "latest" }, token));
        return error is null ? image : throw new InvalidOperationException($"The base {name} cannot be made: {error}");
    }

    public async ValueTask DisposeAsync()
    {
        var images = await _engine.AskAsync(client => client.Images.ListImagesAsync(new() { All = false }, default));
        foreach (var tag in images.SelectMany(image => image.RepoTags ?? []).Where(IsOurs))
        {
            await _engine.AskAsync(client => client.Images.DeleteImageAsync(tag, new() { Force = true }, default));
        }

        _engine.Dispose();
    }

    private bool IsOurs(string tag) => tag.StartsWith($"judge-{_mark}", StringComparison.Ordinal);

    private static string? FindError(string answer) => answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Where(message => message.TryGetProperty("error", out _))
        .Select(message => message.GetProperty("error").GetString())
        .LastOrDefault();

    private static byte[] Pack(HostileDockerfile one)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true))
        {
            foreach (var (path, content) in new[] { ("Dockerfile", one.Text), (HostileDockerfile.File, "1"u8.ToArray()) })
            {
                tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content) });
            }
        }

        return stream.ToArray();
    }
}
