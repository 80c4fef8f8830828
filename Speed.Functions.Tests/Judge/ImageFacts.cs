using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using Docker.DotNet.Models;
using Speed.Tests.Runners;

namespace Speed.Tests.Judge;

/// <summary>What an image is, line by line, so that two can be laid side by side.</summary>
/// <param name="Files">Without their times: SPEED gives files that of the commit.</param>
/// <param name="History">The steps that it was made by, the oldest first.</param>
internal sealed record ImageFacts(
    IReadOnlyList<string> Configuration, IReadOnlyList<string> Files, IReadOnlyList<string> History)
{
    // SPEED's own mark, by a label that is given with the build and not by the Dockerfile.
    private const string Mark = "speed.image.key";

    public static async Task<ImageFacts> ReadAsync(DockerWorld engine, string image, CancellationToken token)
    {
        var inspected = await engine.AskAsync(client => client.Images.InspectImageAsync(image, token));
        var history = await engine.AskAsync(client => client.Images.GetImageHistoryAsync(image, token));
        return new ImageFacts(
            Describe(inspected),
            await ReadFilesAsync(engine, image, token),
            [.. history.Reverse().Select(step => step.CreatedBy).Where(step => !step.Contains(Mark, StringComparison.Ordinal))]);
    }

    /// <summary>The lines that one of the two has and the other has not.</summary>
    public static IReadOnlyList<string> Compare(ImageFacts docker, ImageFacts speed, bool filesAlone) => filesAlone
        ? [.. Compare("", docker.Files, speed.Files)]
        :
        [
            .. Compare("", docker.Configuration, speed.Configuration),
            .. Compare("", docker.Files, speed.Files),
            .. Compare("history: ", docker.History, speed.History),
        ];

    private static IEnumerable<string> Compare(string kind, IReadOnlyList<string> docker, IReadOnlyList<string> speed) =>
    [
        .. docker.Except(speed).Select(line => $"docker build: {kind}{line}"),
        .. speed.Except(docker).Select(line => $"SPEED:        {kind}{line}"),
        .. docker.Order().SequenceEqual(speed.Order()) && !docker.SequenceEqual(speed) ? [$"{kind}in another order"] : Array.Empty<string>(),
    ];

    private static string[] Describe(ImageInspectResponse image)
    {
        var config = image.Config!;
        var health = config.Healthcheck;
        return
        [
            $"Architecture {image.Os}/{image.Architecture}",
            $"Author {image.Author}",
            $"Cmd {List(config.Cmd)}",
            $"Entrypoint {List(config.Entrypoint)}",
            .. (config.Env ?? []).Select((one, i) => $"Env {i} {one}"),
            $"ExposedPorts {List((config.ExposedPorts?.Keys ?? []).Order(StringComparer.Ordinal))}",
            $"Healthcheck {List(health?.Test)} {health?.Interval} {health?.Timeout} {health?.StartPeriod} {health?.Retries}",
            .. (config.Labels ?? new Dictionary<string, string>()).Where(label => label.Key != Mark)
                .Select(label => $"Label {label.Key}={label.Value}").Order(StringComparer.Ordinal),
            .. (config.OnBuild ?? []).Select((one, i) => $"OnBuild {i} {one}"),
            $"Shell {List(config.Shell)}",
            $"StopSignal {config.StopSignal}",
            $"User {config.User}",
            $"Volumes {List((config.Volumes?.Keys ?? []).Order(StringComparer.Ordinal))}",
            $"WorkingDir {config.WorkingDir}",
        ];
    }

    private static string List(IEnumerable<string>? words) =>
        words is null ? "-" : $"[{string.Join(", ", words.Select(word => $"'{word}'"))}]";

    private static async Task<IReadOnlyList<string>> ReadFilesAsync(DockerWorld engine, string image, CancellationToken token)
    {
        var container = await engine.AskAsync(client => client.Containers.CreateContainerAsync(
            new CreateContainerParameters { Image = image, Entrypoint = ["never started"] }, token));
        try
        {
            var stream = await engine.AskAsync(client => client.Containers.ExportContainerAsync(container.ID, token));
            await using (stream)
            {
                return await ListAsync(stream, token);
            }
        }
        finally
        {
            await engine.AskAsync(client => client.Containers.RemoveContainerAsync(
                container.ID, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, CancellationToken.None));
        }
    }

    private static async Task<IReadOnlyList<string>> ListAsync(Stream export, CancellationToken token)
    {
        var lines = new List<string>();
        await using var reader = new TarReader(export);
        while (await reader.GetNextEntryAsync(copyData: false, token) is { } entry)
        {
            var what = entry.EntryType switch
            {
                TarEntryType.Directory => "folder",
                TarEntryType.SymbolicLink => $"link to {entry.LinkName}",
                TarEntryType.HardLink => $"the same as {entry.LinkName}",
                TarEntryType.RegularFile or TarEntryType.V7RegularFile => await DescribeAsync(entry, token),
                var other => other.ToString(),
            };
            var mode = Convert.ToString((int)entry.Mode, 8).PadLeft(4, '0');
            lines.Add(string.Create(
                CultureInfo.InvariantCulture, $"{entry.Name.TrimEnd('/')} {mode} {entry.Uid}:{entry.Gid} {what}"));
        }

        return lines.Order(StringComparer.Ordinal).ToArray();
    }

    private static async Task<string> DescribeAsync(TarEntry entry, CancellationToken token)
    {
        var hash = entry.DataStream is null ? [] : await SHA256.HashDataAsync(entry.DataStream, token);
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Length} bytes {Convert.ToHexStringLower(hash)}");
    }
}
