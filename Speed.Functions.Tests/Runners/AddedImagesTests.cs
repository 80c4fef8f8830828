using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: fetched files are there for a build, as they were fetched, and gone after it.</summary>
public sealed class AddedImagesTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Engine", "Both")]
    public async Task Files_come_into_the_image_by_any_name_with_their_time_and_for_their_owner_alone()
    {
        await using var world = await DockerWorld.CreateAsync();
        using var engine = new DockerConnection(DockerWorld.Endpoint);
        using var added = new AddedImages(engine);
        var own = new Ownership(world.Instance);
        FetchedFile[] files = [File("a.txt", "1"), File("ü $b\nc*", "2"), File("-d", "3")];
        var name = AddedImages.NameOf(own, files);
        await added.HoldAsync(own, name, files, Now);

        var copies = files.Index().Select(file => $"COPY --from={name} {AddedImages.PathOf(file.Index, file.Item)} /x/\n");
        var image = await world.BuildByEngineAsync(new MemoryTree($"FROM busybox\n{string.Concat(copies)}"));
        await added.ReleaseAsync(name);
        var run = await world.RunAsync(
            world.NewScript("cd /x; for f in *; do stat -c '%n %a %u:%g %Y' -- \"$f\"; cat -- \"$f\"; done"), image);

        Assert.Equal(
            "-d 600 0:0 1445412480\n3a.txt 600 0:0 1445412480\n1ü $b\nc* 600 0:0 1445412480\n2", run.Output.Stdout);
        Assert.Empty(await ListAsync(world));
    }

    [Fact]
    public async Task No_Dockerfile_can_name_it_and_so_take_what_others_fetched()
    {
        await using var world = await DockerWorld.CreateAsync();
        var name = AddedImages.NameOf(new Ownership(world.Instance), [File("a", "1")]);

        var failure = await world.FailToBuildAsync($"FROM busybox\nCOPY --from={name} /0 /\n");

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
    }

    [Fact]
    public async Task It_goes_with_the_last_who_holds_it()
    {
        await using var world = await DockerWorld.CreateAsync();
        using var engine = new DockerConnection(DockerWorld.Endpoint);
        using var added = new AddedImages(engine);
        var own = new Ownership(world.Instance);
        FetchedFile[] files = [File("a", "1")];
        var name = AddedImages.NameOf(own, files);

        await added.HoldAsync(own, name, files, Now);
        await added.HoldAsync(own, name, files, Now);
        await added.ReleaseAsync(name);
        var held = await ListAsync(world);
        await added.ReleaseAsync(name);

        Assert.Equal([name], held);
        Assert.Empty(await ListAsync(world));
    }

    [Fact]
    public async Task What_a_process_that_died_left_goes_with_the_first_build_of_the_next()
    {
        await using var world = await DockerWorld.CreateAsync();
        using var engine = new DockerConnection(DockerWorld.Endpoint);
        var own = new Ownership(world.Instance);
        FetchedFile[] old = [File("a", "1")];
        FetchedFile[] files = [File("a", "2")];
        using (var died = new AddedImages(engine))
        {
            await died.HoldAsync(own, AddedImages.NameOf(own, old), old, Now);
        }

        using var added = new AddedImages(engine);
        var name = AddedImages.NameOf(own, files);
        await added.HoldAsync(own, name, files, Now);
        var left = await ListAsync(world);
        await added.ReleaseAsync(name);

        Assert.Equal([name], left);
    }

    [Fact]
    public void Other_names_contents_and_times_are_another_image()
    {
        var own = new Ownership("0123456789ab");
        FetchedFile[] all =
        [
            File("a", "1"), File("b", "1"), File("a", "2"), File("a", "1") with { Time = DateTimeOffset.UnixEpoch },
        ];

        Assert.Equal(4, all.Select(file => AddedImages.NameOf(own, [file])).Distinct().Count());
        Assert.Equal(AddedImages.NameOf(own, [all[0]]), AddedImages.NameOf(own, [File("a", "1")]));
        Assert.NotEqual(AddedImages.NameOf(own, [all[0], all[1]]), AddedImages.NameOf(own, [all[1], all[0]]));
    }

    private static FetchedFile File(string name, string content) => new(
        "https://h/x", name, BuildKey.Sha256(content), content.Length, DateTimeOffset.FromUnixTimeSeconds(1445412480),
        new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)));

    private static async Task<string[]> ListAsync(DockerWorld world)
    {
        var all = await world.AskAsync(client => client.Images.ListImagesAsync(new ImagesListParameters(), Now));
        return
        [
            .. all.SelectMany(image => image.RepoTags ?? [])
                .Where(name => name.StartsWith($"speed-{world.Instance}-added:", StringComparison.Ordinal)),
        ];
    }
}
