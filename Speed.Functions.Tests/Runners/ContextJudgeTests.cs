using System.Globalization;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.EndToEnd;
using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>Drives the real engine: what of a repository is in the image, with <c>docker build</c> as judge.</summary>
public sealed class ContextJudgeTests
{
    private const string Dockerfile = "FROM busybox\nCOPY . /c\n";

    [Theory]
    [InlineData(null)]
    [InlineData("*.log\n")]
    [InlineData("Dockerfile\n.dockerignore\n")]
    [InlineData("Dockerfile\n")]
    [InlineData(".dockerignore\n")]
    [InlineData("*\n!src\n")]
    [InlineData("**/*file\n!Dockerfile\nsrc/**/deep\n")]
    [InlineData("*\n!src/deep/a.cs\n!Dockerfile\n")]
    public async Task The_same_files_are_in_the_image_as_by_docker_build(string? rules)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r =>
        {
            r.File("Dockerfile", Dockerfile).File("a.log", "1").File("src/a.cs", "2").File("src/deep/a.cs", "3")
                .File("src/deep/b.log", "4").File("src/Dockerfile", "5").Executable("run", "6").Symlink("link", "src/a.cs");
            if (rules is not null)
            {
                r.File(".dockerignore", rules);
            }
        });

        var expected = await ByDockerAsync(world, repository);
        var byBuildKit = await BySpeedAsync(world, repository, Sandbox.Standard, List);
        var byLegacy = await BySpeedAsync(world, repository, Sandbox.Strict, List);

        Assert.Contains("/c", expected, StringComparison.Ordinal);
        Assert.Equal(expected, byBuildKit);
        Assert.Equal(expected, byLegacy);
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task Names_are_the_bytes_that_they_are_in_git(Sandbox sandbox)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r
            .File("Dockerfile", Dockerfile).File(".dockerignore", "Dockerfile\n.dockerignore\n?b\n")
            .File("a\uDCEF", "1").File("a\uDCEE", "2").File("na\uDCEFve\n", "3").File("\uDCE9b", "4")
            .Symlink("l", "\uDCFF"));

        var names = await BySpeedAsync(
            world, repository, sandbox, "cd /c; for f in *; do printf '%s=' \"$f\"; cat \"$f\" || readlink \"$f\"; done | od -An -v -tx1");

        Assert.Equal(
            "61ee3d32" + "61ef3d31" + "6c3d" + "ff0a" + "6e61ef76650a3d33",
            string.Concat(names.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task A_file_that_changed_at_the_same_length_has_another_time(Sandbox sandbox)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r
            .At("1700000000").File("Dockerfile", Dockerfile).File("page", Guid.NewGuid().ToString()));
        var before = await BySpeedAsync(world, repository, sandbox, "stat -c %Y /c/page");
        await repository.ChangeAsync(r => r.At("1700000600").File("page", Guid.NewGuid().ToString()));

        var after = await BySpeedAsync(world, repository, sandbox, "stat -c %Y /c/page");

        Assert.Equal(("1700000000\n", "1700000600\n"), (before, after));
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task Two_contexts_of_one_size_and_time_are_not_mixed_up(Sandbox sandbox)
    {
        await using var world = await SourceWorld.StartAsync();
        var one = await world.Server.CreateAsync("one", r => r.File("Dockerfile", Dockerfile).File("page", "first"));
        var two = await world.Server.CreateAsync("two", r => r.File("Dockerfile", Dockerfile).File("page", "other"));

        Assert.Equal("first", await BySpeedAsync(world, one, sandbox, "cat /c/page"));
        Assert.Equal("other", await BySpeedAsync(world, two, sandbox, "cat /c/page"));
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task A_Dockerfile_deep_in_the_context_is_found_whatever_is_ignored(Sandbox sandbox)
    {
        await using var world = await SourceWorld.StartAsync();
        var path = string.Concat(Enumerable.Repeat("a-folder-of-the-context/", 6)) + "Web.Dockerfile";
        var repository = await world.Server.CreateAsync("app", r => r
            .File(path, Dockerfile).File(".dockerignore", "*\n!page\n").File("page", "1"));

        Assert.Equal("/c/page\n", await BySpeedAsync(world, repository, sandbox, "find /c -type f", path));
    }

    [Theory]
    [InlineData(Sandbox.Standard, "ü €%41")]
    [InlineData(Sandbox.Strict, "ü €%41")]
    [Trait("Engine", "Both")]
    public async Task A_file_of_any_name_can_be_named(Sandbox sandbox, string name)
    {
        await using var world = await SourceWorld.StartAsync();

        Assert.Equal("12", await NamedAsync(world, sandbox, name, name));
    }

    [Theory]
    [InlineData(Sandbox.Standard, "a\\nb", "a\nb")]
    [InlineData(Sandbox.Strict, "a\\nb", "a\nb")]
    [InlineData(Sandbox.Standard, "d\\r/\\u0001\\t\\u007f", "d\r/\u0001\t\u007f")]
    [InlineData(Sandbox.Strict, "d\\r/\\u0001\\t\\u007f", "d\r/\u0001\t\u007f")]
    public async Task One_with_control_characters_too_unless_the_engine_cannot_ask_for_it(
        Sandbox sandbox, string written, string name)
    {
        await using var world = await SourceWorld.StartAsync();
        // The newer engine refuses to send its own question for such a name, to docker build as well.
        if (sandbox is Sandbox.Standard && Environment.GetEnvironmentVariable("SPEED_ENGINE") == "new")
        {
            var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
                () => NamedAsync(world, sandbox, written, name, "e\n\n"));
            Assert.Contains("non-printable", failure.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal("12", await NamedAsync(world, sandbox, written, name, "e\n\n"));
    }

    [Theory]
    [InlineData("dockerfile", "Dockerfile")]
    [InlineData("docker/dockerfile", "docker/Dockerfile")]
    public async Task A_Dockerfile_in_lower_case_is_taken_where_there_is_no_other(string there, string asked)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r.File(there, Dockerfile).File("a", "1"));

        var bySpeed = await BySpeedAsync(world, repository, Sandbox.Standard, List, asked);

        Assert.Equal(bySpeed, await BySpeedAsync(world, repository, Sandbox.Strict, List, asked));
        if (asked == "Dockerfile")
        {
            Assert.Equal(await ByDockerAsync(world, repository), bySpeed);
        }

        await repository.ChangeAsync(r => r.File(asked, "FROM busybox\nRUN mkdir /c && touch /c/other\n"));
        Assert.StartsWith("/c\n/c/other\n", await BySpeedAsync(world, repository, Sandbox.Standard, List, asked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Sandbox.Standard)]
    [InlineData(Sandbox.Strict)]
    public async Task A_Dockerfile_that_is_a_link_is_followed_as_long_as_it_stays_in_the_context(Sandbox sandbox)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r
            .Symlink("web/Dockerfile", "../links/one").Symlink("links", "etc/links").Symlink("etc/links/one", "../../docker/Dockerfile")
            .File("docker/Dockerfile", Dockerfile).File(".dockerignore", "docker\n").File("page", "1"));

        Assert.Equal("/c/.dockerignore\n/c/page\n", await BySpeedAsync(world, repository, sandbox, "find /c -type f | sort", "web/Dockerfile"));
        Assert.Equal("../links/one\n", await BySpeedAsync(world, repository, sandbox, "readlink /c/web/Dockerfile", "web/Dockerfile"));
    }

    [Theory]
    [InlineData("../Dockerfile", "it is a link that leads out of the build context")]
    [InlineData("/etc/hostname", "it is a link that leads out of the build context, to `/etc/hostname`")]
    [InlineData("docker", "it is a link to `docker`, which is no file")]
    [InlineData("none", "it is a link to `none`, where nothing is")]
    [InlineData("Dockerfile", "it is a link that leads back to itself")]
    public async Task One_that_leads_elsewhere_is_told_with_those_that_there_are(string target, string why)
    {
        await using var world = await SourceWorld.StartAsync();
        var repository = await world.Server.CreateAsync("app", r => r
            .File("Dockerfile", Dockerfile).Symlink("app/Dockerfile", target).File("app/docker/Dockerfile", Dockerfile));
        await using var docker = await DockerWorld.CreateAsync();
        await using var tree = await world.FetchAsync(repository.Url, folder: "app");

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(() => docker.BuildAsync(docker.NewDeployment(), tree));

        Assert.Equal(FailureCode.DockerfileNotFound, failure.Code);
        Assert.Equal(
            $"`Dockerfile` in the repository's build context cannot be read: {why}; there is `docker/Dockerfile`.", failure.Message);
        Assert.Contains("`dockerfile`", failure.Hint, StringComparison.Ordinal);
    }

    private const string List = "find /c | sort; find /c -type f | sort | xargs -r ls -l | cut -c1-10";

    private static async Task<string> NamedAsync(
        SourceWorld world, Sandbox sandbox, string written, string name, string last = "last")
    {
        var repository = await world.Server.CreateAsync("app", r => r
            .File("Dockerfile", $"FROM busybox\nARG LINES\nCOPY [\"{written}\", \"/c/\"]\nADD $LINES /c/last\n")
            .File(".dockerignore", "d\r/b*\n").File(name, "1").File(last, "2"));
        return await BySpeedAsync(world, repository, sandbox, "cat /c/[!l]* /c/last", lines: last);
    }

    private static async Task<string> BySpeedAsync(
        SourceWorld source, GitRepository repository, Sandbox sandbox, string script, string dockerfile = "Dockerfile",
        string? lines = null)
    {
        await using var docker = await DockerWorld.CreateAsync(sandbox);
        await using var tree = await source.FetchAsync(repository.Url);
        var image = await docker.BuildAsync(
            docker.NewDeployment(options => options with
            {
                Dockerfile = dockerfile,
                BuildArgs = lines is null ? options.BuildArgs : new Dictionary<string, string> { ["LINES"] = lines },
            }), tree);
        return (await docker.RunAsync(docker.NewScript(script), image)).Output.Stdout;
    }

    private static async Task<string> ByDockerAsync(SourceWorld source, GitRepository repository)
    {
        var checkout = Path.Combine(source.Options.WorkFolder, "checkout");
        Directory.CreateDirectory(checkout);
        await GitCli.RunAsync(checkout, "clone", "--quiet", repository.Url, ".");
        Directory.Delete(Path.Combine(checkout, ".git"), recursive: true);
        var tag = string.Create(CultureInfo.InvariantCulture, $"speed-judge:{Guid.NewGuid():N}");
        await DockerCli.RunAsync("build", "--quiet", "--tag", tag, checkout);
        try
        {
            return await DockerCli.RunAsync("run", "--rm", tag, "sh", "-c", List);
        }
        finally
        {
            await DockerCli.RunAsync("rmi", "--force", tag);
        }
    }
}
