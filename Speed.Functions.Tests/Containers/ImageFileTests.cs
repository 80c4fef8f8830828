using System.Text.RegularExpressions;
using Xunit;

namespace Speed.Tests.Containers;

/// <summary>Drives real files: those that images and containers of SPEED are made by.</summary>
public sealed partial class ImageFileTests
{
    [Fact]
    public async Task The_image_for_the_Functions_host_has_what_the_docs_say_and_nothing_else()
    {
        var lines = await LinesAsync("Dockerfile.functions");
        var docs = await ReadAsync("docs/container.md");

        var last = lines[(lines.FindLastIndex(line => line.StartsWith("FROM ", StringComparison.Ordinal)) + 1)..];
        var told = Row().Matches(docs).Select(row => row.Groups[1].Value);

        Assert.Equal(told, last.SelectMany(Apart));
        Assert.Contains("ARG HOST=mcr.microsoft.com/azure-functions/dotnet-isolated:4-dotnet-isolated10.0", lines);
        Assert.Contains("FROM ${HOST}", lines);
    }

    [Fact]
    public async Task Both_images_have_the_same_program()
    {
        var own = await LinesAsync("Dockerfile");
        var functions = await LinesAsync("Dockerfile.functions");

        Assert.Equal(Build(own), Build(functions));
        Assert.Contains("RUN dotnet publish Speed.Functions --configuration Release --output /app", Build(own));
    }

    [Fact]
    public async Task Compose_gives_what_the_docs_promise_and_says_how_to_find_the_group()
    {
        var compose = await ReadAsync("compose.yaml");

        Assert.All(
            ["build: .", "network_mode: host", "Speed__Urls: http://127.0.0.1:7071", "stop_grace_period: 40s", "data:/data"],
            words => Assert.Contains(words, compose, StringComparison.Ordinal));
        if (await ComposedSpeed.IsThereAsync())
        {
            Assert.Contains(
                "echo DOCKER_GROUP=$(stat -Lc %g /var/run/docker.sock)", await ComposedSpeed.TryAsync("config"), StringComparison.Ordinal);
        }
    }

    private static string[] Build(List<string> lines) =>
        [.. lines.SkipWhile(line => !line.EndsWith(" AS build", StringComparison.Ordinal)).TakeWhile(line => !line.EndsWith(" AS program", StringComparison.Ordinal))];

    // One line for each variable.
    private static IEnumerable<string> Apart(string line) =>
        line.StartsWith("ENV ", StringComparison.Ordinal) ? line[4..].Split(' ').Select(pair => $"ENV {pair}") : [line];

    // Instructions without comments, each on one line.
    private static async Task<List<string>> LinesAsync(string file) =>
        [.. Continued().Replace(await ReadAsync(file), " ").Split('\n').Where(line => line.Length > 0 && line[0] != '#')];

    private static Task<string> ReadAsync(string file) =>
        File.ReadAllTextAsync(Path.Combine(ArchitectureTests.Root, file), TestContext.Current.CancellationToken);

    [GeneratedRegex(@"\s*\\\n\s*")]
    private static partial Regex Continued();

    [GeneratedRegex("^\\| `((?:RUN|COPY|ENV|VOLUME) .+?)` \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
