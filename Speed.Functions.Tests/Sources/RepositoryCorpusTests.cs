using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using Speed.Deployments;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: what is fetched of a repository, with <c>git clone --recurse-submodules</c> as judge.</summary>
public sealed class RepositoryCorpusTests
{
    public static TheoryData<string> Cases => [.. RepositoryCase.All.Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_same_files_are_built_as_are_in_a_clone(string name)
    {
        var one = RepositoryCase.All.Single(other => other.Name == name);
        await using var world = await SourceWorld.StartAsync();
        using var folder = new TempFolder();
        await MakeAsync(world, folder.FullPath, one.Script);

        var byGit = await CloneAsync(world, folder, one);
        var bySpeed = await FetchAsync(world, one);

        var isSame = (byGit.Refusal is null) == (bySpeed.Refusal is null) && byGit.Files.SequenceEqual(bySpeed.Files);
        Assert.True(isSame == one.Differs is null, $"git: {Shown(byGit)}\nSPEED: {Shown(bySpeed)}");
    }

    private static string Shown((string? Refusal, IReadOnlyList<string> Files) outcome) =>
        outcome.Refusal ?? string.Join(", ", outcome.Files);

    private static async Task MakeAsync(SourceWorld world, string folder, string script)
    {
        var command = GitCli.Command(folder, "-e", "-c", $". '{RepositoryCase.Words}'\n{script}");
        command.FileName = "sh";
        (command.Environment["ROOT"], command.Environment["URL"]) = (world.Server.Root, world.Server.Url);
        command.Environment["WORK"] = folder;
        using var process = Process.Start(command)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"The script failed: {await output}{errors}");
    }

    private static async Task<(string? Refusal, IReadOnlyList<string> Files)> CloneAsync(
        SourceWorld world, TempFolder folder, RepositoryCase one)
    {
        var clone = Path.Combine(folder.FullPath, "clone");
        try
        {
            await GitCli.RunAsync(
                folder.FullPath,
                [
                    .. one.Instead is { } instead ? ["-c", $"url.{world.Server.Url}/.insteadOf={instead}"] : Array.Empty<string>(),
                    "clone", "--quiet", "--recurse-submodules", .. one.Cloned is { } name ? ["--branch", name] : Array.Empty<string>(),
                    "--", $"{world.Server.Url}/app.git", clone,
                ]);
        }
        catch (InvalidOperationException fault)
        {
            return (fault.Message, []);
        }

        var files = new DirectoryInfo(clone).EnumerateFileSystemInfos("*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = 0,
        });
        return (null, [.. files
            .Where(file => !Path.GetRelativePath(clone, file.FullName).Split('/').Contains(".git"))
            .Where(file => file is FileInfo || file.LinkTarget is not null)
            .Select(file => Line(
                Path.GetRelativePath(clone, file.FullName), file.LinkTarget,
                file.UnixFileMode.HasFlag(UnixFileMode.UserExecute), () => File.ReadAllBytes(file.FullName)))
            .Order(StringComparer.Ordinal)]);
    }

    private static async Task<(string? Refusal, IReadOnlyList<string> Files)> FetchAsync(SourceWorld world, RepositoryCase one)
    {
        try
        {
            await using var tree = await world.FetchAsync($"{world.Server.Url}/app.git", one.Branch, submodules: true);
            var lines = new List<string>();
            await using var tar = new TarReader(new MemoryStream(await SourceWorld.TarAsync(tree, text: null)));
            while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
            {
                if (entry.EntryType is not TarEntryType.Directory)
                {
                    lines.Add(Line(
                        entry.Name, entry.EntryType == TarEntryType.SymbolicLink ? entry.LinkName : null,
                        entry.Mode.HasFlag(UnixFileMode.UserExecute), () => Read(entry)));
                }
            }

            return (null, [.. lines.Order(StringComparer.Ordinal)]);
        }
        catch (DeploymentFailedException failure)
        {
            Assert.NotEqual(FailureCode.Internal, failure.Code);
            return (failure.Message, []);
        }
    }

    private static string Line(string path, string? target, bool isExecutable, Func<byte[]> content) => target is not null
        ? $"{path} -> {target}"
        : $"{path} {(isExecutable ? "x" : "-")} {Convert.ToHexStringLower(SHA256.HashData(content()))}";

    private static byte[] Read(TarEntry entry)
    {
        using var bytes = new MemoryStream();
        entry.DataStream?.CopyTo(bytes);
        return bytes.ToArray();
    }
}
