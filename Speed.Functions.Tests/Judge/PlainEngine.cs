using System.Text;
using System.Text.Json;
using Docker.DotNet.Models;
using Speed.Runners;
using Speed.Tests.Runners;

namespace Speed.Tests.Judge;

/// <summary>
/// A build as the engine itself does it: the context goes there as it is, and nobody has read anything of it before.
/// </summary>
internal sealed class PlainEngine : IAsyncDisposable
{
    private readonly DockerConnection _engine = new(DockerWorld.Endpoint);
    private readonly string _mark = Guid.NewGuid().ToString("N")[..12];
    private int _count;

    /// <summary>Null where it was built, else what the engine says.</summary>
    public async Task<string?> BuildAsync(HostileDockerfile one, Sandbox builder, CancellationToken token)
    {
        JudgeFile[] files =
        [
            new(JudgeFileKind.Plain, "Dockerfile", one.Text), new(JudgeFileKind.Plain, HostileDockerfile.File, "1"u8.ToArray()),
        ];
        return (await BuildAsync(files, "Dockerfile", one.BuildArgs, one.Target, builder, token)).Error;
    }

    /// <summary>The image's name, and what the engine says where it did not build it.</summary>
    public async Task<(string Image, string? Error)> BuildAsync(
        IEnumerable<JudgeFile> context, string dockerfile, IReadOnlyDictionary<string, string> buildArgs, string? target,
        Sandbox builder, CancellationToken token)
    {
        var image = $"judge-{_mark}:{Interlocked.Increment(ref _count)}";
        var parameters = new Dictionary<string, string>
        {
            ["version"] = builder == Sandbox.Standard ? "2" : "1",
            ["dockerfile"] = dockerfile,
            ["buildargs"] = JsonSerializer.Serialize(buildArgs),
            ["t"] = image,
            ["rm"] = "1",
            ["forcerm"] = "1",
            // A layer of the cache can go with another test's image while the legacy builder goes on from it.
            ["nocache"] = builder == Sandbox.Strict ? "1" : "",
        };
        if (target is not null)
        {
            parameters["target"] = target;
        }

        var query = string.Join('&', parameters.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/build?{query}")
        {
            Content = new ByteArrayContent(JudgeContext.Pack(context)) { Headers = { ContentType = new("application/x-tar") } },
        };
        using var response = await _engine.SendAsync(request, token);
        var answer = await response.Content.ReadAsStringAsync(token);
        return (image, response.IsSuccessStatusCode ? FindError(answer) : answer);
    }

    /// <summary>Makes an image of this name for others to stand on.</summary>
    public async Task<string> MakeBaseAsync(string name, string dockerfile, CancellationToken token)
    {
        var file = new JudgeFile(JudgeFileKind.Plain, "Dockerfile", Encoding.UTF8.GetBytes(dockerfile));
        var (built, error) = await BuildAsync(
            [file], "Dockerfile", new Dictionary<string, string>(), target: null, Sandbox.Strict, token);
        if (error is not null)
        {
            throw new InvalidOperationException($"The base {name} cannot be made: {error}");
        }

        var image = $"judge-{_mark}-{name}";
        await _engine.AskAsync(client => client.Images.TagImageAsync(
            built, new ImageTagParameters { RepositoryName = image, Tag = "latest" }, token));
        return image;
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
}
