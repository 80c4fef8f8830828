using System.Formats.Tar;
using System.IO.Pipelines;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Sources;

/// <summary>Drives real Git: the tar that a build gets, byte for byte.</summary>
public sealed class ContextTests : IAsyncLifetime
{
    private SourceWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await SourceWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_Dockerfile_comes_first_with_the_given_text()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("a.txt", "1").Executable("docker/Dockerfile", "FROM old\n").File("docker/z", "2"));
        await using var tree = await _world.FetchAsync(repository.Url);

        var entries = await SourceWorld.ContextAsync(tree, "./docker/Dockerfile", "FROM new\n");

        Assert.Equal(["docker/Dockerfile", "a.txt", "docker/", "docker/z"], entries.Select(entry => entry.Name));
        Assert.Equal("FROM new\n", entries[0].Content);
        Assert.Equal(Convert.ToInt32("644", 8), (int)entries[0].Entry.Mode);
    }

    [Fact]
    public async Task Kinds_modes_and_links_are_kept_and_owners_are_not()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .Executable("run", "#!/bin/sh\n").File("plain", "x").Symlink("link", "../outside/ü").File("empty", ""));
        await using var tree = await _world.FetchAsync(repository.Url);

        var entries = (await SourceWorld.ContextAsync(tree)).ToDictionary(entry => entry.Name, entry => entry.Entry);

        Assert.Equal(Convert.ToInt32("755", 8), (int)entries["run"].Mode);
        Assert.Equal(Convert.ToInt32("644", 8), (int)entries["plain"].Mode);
        Assert.Equal(TarEntryType.SymbolicLink, entries["link"].EntryType);
        Assert.Equal("../outside/ü", entries["link"].LinkName);
        Assert.Equal(0, entries["empty"].Length);
        Assert.All(entries.Values, entry => Assert.Equal((0, 0), (entry.Uid, entry.Gid)));
        Assert.All(entries.Values, entry => Assert.IsType<GnuTarEntry>(entry));
    }

    [Fact]
    public async Task Long_and_foreign_names_come_through_without_PAX_headers()
    {
        var names = new[]
        {
            "ünï/日本語.txt",
            string.Concat(Enumerable.Repeat("folder-ü/", 40)) + "file",
            new string('x', 200),
            "with space;and'quote\"s",
        };
        var repository = await _world.Server.CreateAsync("app", r =>
        {
            foreach (var name in names)
            {
                r.File(name, name);
            }

            r.Symlink("link", new string('t', 300));
        });
        await using var tree = await _world.FetchAsync(repository.Url);

        var bytes = await SourceWorld.TarAsync(tree);
        var entries = await SourceWorld.ContextAsync(tree);

        Assert.All(names, name => Assert.Equal(name, entries.Single(entry => entry.Name == name).Content));
        Assert.Equal(new string('t', 300), entries.Single(entry => entry.Name == "link").Entry.LinkName);
        Assert.DoesNotContain(Headers(bytes), type => type is 'x' or 'g');
        Assert.Equal('0', Headers(bytes)[0]);
    }

    [Fact]
    public async Task A_commit_always_gives_the_same_bytes_and_another_of_the_same_tree_only_another_time()
    {
        var first = await _world.Server.CreateAsync("one", r => r.File("a/b", "1").Executable("c", "2"));
        var second = await _world.Server.CreateAsync("two", r => r
            .At("1700000000").File("x", "0").Commit("Another history")
            .Delete("x").File("a/b", "1").Executable("c", "2"));
        await using var one = await _world.FetchAsync(first.Url);
        await using var again = await _world.FetchAsync(first.Url);
        await using var two = await _world.FetchAsync(second.Url);

        Assert.NotEqual(one.Commit, two.Commit);
        Assert.Equal(one.TreeId, two.TreeId);
        Assert.Equal(await SourceWorld.TarAsync(one), await SourceWorld.TarAsync(again));
        Assert.All(await SourceWorld.ContextAsync(one), entry => Assert.Equal(
            1767225600, entry.Entry.ModificationTime.ToUnixTimeSeconds()));
        Assert.All(await SourceWorld.ContextAsync(two), entry => Assert.Equal(
            1700000000, entry.Entry.ModificationTime.ToUnixTimeSeconds()));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1000")]
    [InlineData("99999999999")]
    public async Task A_commit_of_a_time_that_archives_cannot_hold_has_the_year_2000(string time)
    {
        var repository = await _world.Server.CreateAsync("app", r => r.At(time).File("a", "1"));
        await using var tree = await _world.FetchAsync(repository.Url);

        var entries = await SourceWorld.ContextAsync(tree);

        Assert.All(entries, entry => Assert.Equal(
            new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), entry.Entry.ModificationTime));
    }

    [Fact]
    public async Task Attributes_for_releases_change_nothing()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File(".gitattributes", "tests export-ignore\nsecret.txt export-ignore\nversion export-subst\n")
            .File("tests/.gitattributes", "* export-ignore\n")
            .File("tests/a", "1").File("secret.txt", "2").File("version", "$Format:%H$"));
        await using var tree = await _world.FetchAsync(repository.Url);

        var entries = await SourceWorld.ContextAsync(tree);

        Assert.Equal("1", entries.Single(entry => entry.Name == "tests/a").Content);
        Assert.Equal("2", entries.Single(entry => entry.Name == "secret.txt").Content);
        Assert.Equal("$Format:%H$", entries.Single(entry => entry.Name == "version").Content);
    }

    [Theory]
    [InlineData("../Dockerfile")]
    [InlineData(".")]
    public async Task A_Dockerfile_outside_the_context_is_refused(string dockerfile)
    {
        var repository = await _world.Server.CreateAsync("app", r => r.File("a", "1"));
        await using var tree = await _world.FetchAsync(repository.Url);

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => SourceWorld.TarAsync(tree, dockerfile));

        Assert.Equal(FailureCode.DockerfileNotFound, failure.Code);
    }

    [Fact]
    public async Task The_tar_of_the_system_reads_it()
    {
        var repository = await _world.Server.CreateAsync("app", r => r
            .File("Dockerfile", "x").File("ünï/" + new string('x', 150), "1").Executable("run", "2"));
        await using var tree = await _world.FetchAsync(repository.Url);
        var file = Path.Combine(_world.Options.WorkFolder, "context.tar");
        await File.WriteAllBytesAsync(file, await SourceWorld.TarAsync(tree), TestContext.Current.CancellationToken);

        using var tar = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "tar", ["--quoting-style=literal", "-tf", file])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var names = await tar.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await tar.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"Dockerfile\nrun\nünï/\nünï/{new string('x', 150)}\n", names);
        Assert.Equal("", errors);
    }

    [Fact]
    public async Task A_reader_that_stops_reading_stops_git_and_cancellation_ends_it()
    {
        var repository = await _world.Server.CreateAsync("app", r => r.Large("big", 20 << 20, random: true));
        await using var tree = await _world.FetchAsync(repository.Url);
        using var canceling = new CancellationTokenSource();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));

        var writing = tree.WriteContextAsync("Dockerfile", "FROM x\n", pipe.Writer.AsStream(), canceling.Token);
        await pipe.Reader.ReadAtLeastAsync(1 << 20, TestContext.Current.CancellationToken);
        Assert.False(writing.IsCompleted);
        await canceling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        Assert.Empty(GitProcesses.Naming(_world.Options.WorkFolder));
    }

    private static List<char> Headers(byte[] tar)
    {
        var types = new List<char>();
        for (var at = 0; tar[at] != 0;)
        {
            types.Add((char)tar[at + 156]);
            var size = Convert.ToInt64(System.Text.Encoding.ASCII.GetString(tar, at + 124, 11), 8);
            at += 512 + (int)((size + 511) / 512 * 512);
        }

        return types;
    }
}
