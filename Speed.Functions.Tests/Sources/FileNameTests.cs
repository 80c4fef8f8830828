using System.Diagnostics;
using System.Text;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: names of files are the bytes that they are.</summary>
public sealed class FileNameTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public async ValueTask DisposeAsync()
    {
        // The names in them are none that .NET can remove.
        await ShellAsync(_world.Options.WorkFolder, "rm -rf checkout extracted");
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_context_is_to_tar_what_a_checkout_is_to_git()
    {
        var repository = await _world.Server.CreateAsync("app", r =>
        {
            foreach (var name in Names)
            {
                r.File(Name(name), name);
            }

            r.Symlink(Name("link\u00E9"), Name("to \u00EF\u00EE")).Symlink("long", Name(new string('\u00FF', 300)));
        });
        await using var tree = await _world.FetchAsync(repository.Url);
        var (checkout, extracted) = (NewFolder("checkout"), NewFolder("extracted"));
        await GitCli.RunAsync(checkout, "clone", "--quiet", repository.Url, ".");
        await File.WriteAllBytesAsync(
            Path.Combine(_world.Options.WorkFolder, "context.tar"),
            await SourceWorld.TarAsync(tree, text: null), TestContext.Current.CancellationToken);

        var errors = await ShellAsync(extracted, "tar -xf ../context.tar 2>&1");

        Assert.Equal("", errors);
        var expected = await ListAsync(checkout);
        Assert.Equal(Names.Length + 2, expected.Count(letter => letter == '='));
        Assert.Equal(expected, await ListAsync(extracted));
    }

    [Fact]
    public async Task Names_are_told_so_that_they_can_be_read()
    {
        const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        var repository = await _world.Server.CreateAsync("app", r => r
            .File(Name("\u00E9/.gitattributes"), "*.png filter=lfs diff=lfs merge=lfs -text\n")
            .File(Name("\u00E9/a\n\u00EF.png"), Pointer).File(Name("\u00E9/a\n\u00EE.png"), Pointer)
            .Submodule(Name("lib\u00FF"), new string('a', 40)));

        await using var tree = await _world.FetchAsync(repository.Url);
        var failure = await _world.FailAsync(repository.Url, folder: "none");

        Assert.Contains(
            @"2 files are pointers to Git LFS, whose contents are not fetched: \xe9/a\n\xee.png, \xe9/a\n\xef.png", _world.Log);
        Assert.Contains(@"Submodule lib\xff is not fetched", _world.Log);
        Assert.Contains(@"`\xe9`", failure.Hint);
    }

    [Fact]
    public async Task A_submodule_is_found_by_the_bytes_of_its_path()
    {
        var lib = await _world.Server.CreateAsync("lib", r => r.File(Name("\u00EF"), "code"));
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", Latin1("[submodule \"x\"]\n\tpath = \u00E9/x\n\turl = ../lib.git\n"))
            .Submodule(Name("\u00E9/x"), lib.Head));

        await using var tree = await _world.FetchAsync(main.Url, submodules: true);

        Assert.Equal("code", await tree.ReadTextAsync(Name("\u00E9/x/\u00EF"), CancellationToken.None));
        Assert.Contains(tree.Files, file => file.Path == Name("\u00E9/x/\u00EF"));
    }

    [Theory]
    [InlineData("[submodule \"x\"]\n\tpath = x\n\turl = ../x.git\n[", 0, "bad config")]
    [InlineData("[submodule \"x\"]\n\tpath = x\n\turl = ../x.git\n#", 600_000, "it is larger than 512 KiB")]
    public async Task A_gitmodules_file_that_cannot_be_read_is_not_one_that_is_missing(string text, int more, string why)
    {
        var main = await _world.Server.CreateAsync("main", r => r
            .File(".gitmodules", text + new string('x', more)).Submodule("x", new string('a', 40)));

        var failure = await _world.FailAsync(main.Url, submodules: true);

        Assert.Equal(FailureCode.CloneFailed, failure.Code);
        Assert.StartsWith("`.gitmodules` could not be read: ", failure.Message);
        Assert.Contains(why, failure.Message);
    }

    [Fact]
    public async Task Attributes_are_looked_through_however_long_they_are()
    {
        const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        var comments = string.Concat(Enumerable.Repeat("# a long comment\n", 100_000));
        var repository = await _world.Server.CreateAsync("app", r => r
            .File(".gitattributes", comments + "*.png filter=lfs diff=lfs merge=lfs -text\n").File("logo.png", Pointer));

        await using var tree = await _world.FetchAsync(repository.Url);

        Assert.Contains("1 file is a pointer to Git LFS, whose contents are not fetched: logo.png", _world.Log);
    }

    // Each letter below U+0100 is a byte.
    private static readonly string[] Names =
    [
        "na\u00EFve.txt", "a\u00EF", "a\u00EE", "d\u00E9/x", "d\u00E9/\u00E2\u0082", "new\nline", "re\rturn", "ta\tb", "quo\"te'",
        "back\\slash", "-n", "--help", " blank ", "$(x)", "\u0001\u007F", new string('n', 255), new string('\u00EF', 255),
        string.Concat(Enumerable.Repeat("folder\u00FC/", 12)) + "file",
        string.Concat(Enumerable.Repeat("folder\u00FC/", 80)) + "file",
        new string('p', 100), new string('p', 101), $"{new string('q', 99)}/x", $"{new string('r', 155)}/{new string('s', 100)}",
    ];

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private static string Name(string letters) => TreePath.Decode(Latin1(letters));

    private string NewFolder(string name) =>
        Directory.CreateDirectory(Path.Combine(_world.Options.WorkFolder, name)).FullName;

    // Every file and link by name, mode and content.
    private static Task<string> ListAsync(string folder) => ShellAsync(
        folder,
        "find . -path ./.git -prune -o ! -type d -printf '%P=%m %l\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'; "
        + "find . -path ./.git -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum");

    private static async Task<string> ShellAsync(string folder, string script)
    {
        Directory.CreateDirectory(folder);
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        return await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
