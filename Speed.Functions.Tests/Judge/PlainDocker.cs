using System.Collections.Concurrent;
using System.Diagnostics;
using Speed.Runners;

namespace Speed.Tests.Judge;

/// <summary>
/// <c>docker build</c>, as everybody has it: nothing of SPEED is in between. What it built goes when this is disposed.
/// </summary>
internal sealed class PlainDocker : IAsyncDisposable
{
    private readonly ConcurrentBag<string> _images = [];
    private readonly PlainEngine _engine = new();
    private readonly string _run = Guid.NewGuid().ToString("N")[..12];

    // An older Docker without buildx has no client of BuildKit: there the context goes to the engine in one piece.
    private static readonly Lazy<Task<bool>> HasBuildx = new(async () =>
        (await RunAsync(Sandbox.Standard, ["buildx", "version"], CancellationToken.None)).Exit == 0);

    /// <summary>Builds, and gives the image; null where Docker refuses it, and then what it says.</summary>
    public async Task<(string? Image, string Said)> BuildAsync(
        JudgeCase one, IReadOnlyList<JudgeFile> files, Sandbox builder, CancellationToken token)
    {
        if (builder == Sandbox.Standard && !await HasBuildx.Value)
        {
            if (!files.Any(IsIgnoreFile))
            {
                var (image, error) = await _engine.BuildAsync(files, one.Dockerfile, one.BuildArgs, one.Target, builder, token);
                return error is null ? (image, "") : (null, error);
            }

            // Ignore files are a client's, and this one knows the legacy builder alone.
            builder = Sandbox.Strict;
        }

        var folder = Directory.CreateTempSubdirectory("speed-judge-").FullName;
        try
        {
            JudgeContext.WriteTo(folder, files);
            return await BuildAsync(folder, one, builder, token);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsIgnoreFile(JudgeFile file) => file.Path.EndsWith(".dockerignore", StringComparison.Ordinal);

    private async Task<(string? Image, string Said)> BuildAsync(
        string folder, JudgeCase one, Sandbox builder, CancellationToken token)
    {
        var (exit, output, said) = await RunAsync(
            builder,
            [
                "build", "--quiet", "--file", Path.Combine(folder, one.Dockerfile),
                .. one.BuildArgs.SelectMany(arg => new[] { "--build-arg", $"{arg.Key}={arg.Value}" }),
                .. one.Target is null ? Array.Empty<string>() : ["--target", one.Target],
                folder,
            ],
            token);
        if (exit != 0)
        {
            return (null, said);
        }

        _images.Add(output.Trim());
        return (output.Trim(), said);
    }

    /// <summary>Makes an image for others to stand on, and gives the name it has until this is disposed.</summary>
    public async Task<string> MakeBaseAsync(string name, byte[] dockerfile, CancellationToken token)
    {
        var folder = Directory.CreateTempSubdirectory("speed-judge-").FullName;
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "Dockerfile"), dockerfile, token);
            var image = $"judge-{_run}-{name}:{_images.Count}";
            var (exit, _, said) = await RunAsync(Sandbox.Strict, ["build", "--quiet", "--tag", image, folder], token);
            _images.Add(image);
            return exit == 0 ? image : throw new InvalidOperationException($"The base {name} cannot be made: {said}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Another image may stand on one of these: in their own order nothing is in the way of anything.
    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        if (!_images.IsEmpty)
        {
            await RunAsync(Sandbox.Strict, ["rmi", "--force", .. _images.Distinct()], CancellationToken.None);
        }
    }

    private static async Task<(int Exit, string Output, string Said)> RunAsync(
        Sandbox builder, string[] arguments, CancellationToken token)
    {
        var start = new ProcessStartInfo("docker", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOCKER_BUILDKIT"] = builder == Sandbox.Standard ? "1" : "0", ["BUILDKIT_PROGRESS"] = "plain" },
        };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync(token);
        var output = await process.StandardOutput.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        return (process.ExitCode, output, await said);
    }
}
