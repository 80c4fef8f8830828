using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: two fields in, a status, a log and results out.</summary>
public sealed class BuildAndRunTests(World world) : IClassFixture<World>
{
    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_program_that_prints_to_both_streams_ends_with_its_stdout_as_result()
    {
        var ended = (await world.DeployAsync("FROM busybox\nCMD echo out; echo err >&2; echo more\n")).Succeeded();

        Assert.Equal("out\nmore", ended.Results);
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("\nerr\n", ended.Log, StringComparison.Ordinal);
        Assert.Contains("\nout\n", ended.Log, StringComparison.Ordinal);
        Assert.Equal(
            ["clone", "build", "run"],
            ended.Resource.GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_commit_that_is_not_the_head_can_be_deployed()
    {
        var first = "";
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo first\n"));
        first = repository.Head;
        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo second\n"));

        var old = (await world.DeployAsync(repository, new { commit = first })).Succeeded();
        var head = (await world.DeployAsync(repository)).Succeeded();

        Assert.Equal(("first", first), (old.Results, old.Commit));
        Assert.Equal(("second", repository.Head), (head.Results, head.Commit));
    }

    [Fact]
    public async Task A_submodule_that_is_asked_for_is_in_the_image_and_another_commit_of_it_makes_another_image()
    {
        var lib = await world.RepositoryAsync(r => r.File("text", "first"));
        var repository = await world.RepositoryAsync(r => r
            .File(".gitmodules", $"[submodule \"lib\"]\n\tpath = lib\n\turl = {lib.Url}\n").Submodule("lib", lib.Head)
            .File("Dockerfile", "FROM busybox\nCOPY . /\nCMD cat /lib/text || echo none\n"));

        var first = (await world.DeployAsync(repository, new { submodules = true })).Succeeded();
        var without = (await world.DeployAsync(repository)).Succeeded();
        await lib.ChangeAsync(r => r.File("text", "second"));
        await repository.ChangeAsync(r => r.Submodule("lib", lib.Head));
        var second = (await world.DeployAsync(repository, new { submodules = true })).Succeeded();

        Assert.Equal(("first", "none", "second"), (first.Results, without.Results, second.Results));
        Assert.True(first.Resource.GetProperty("submodules").GetBoolean());
        Assert.Contains("Submodule lib is not fetched", without.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_can_be_deployed()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo tagged\n").Tag("v1"));
        await repository.ChangeAsync(r => r.File("Dockerfile", "FROM busybox\nCMD echo later\n"));

        var ended = (await world.DeployAsync(repository, branch: "v1")).Succeeded();

        Assert.Equal("tagged", ended.Results);
    }

    [Fact]
    public async Task A_branch_may_have_any_name_that_git_allows()
    {
        var repository = await world.Git.CreateAsync(
            "odd-branch", r => r.File("Dockerfile", "FROM busybox\nCMD echo odd\n"), "feature/ünï;x");

        var ended = (await world.DeployAsync(repository, branch: "feature/ünï;x")).Succeeded();

        Assert.Equal("odd", ended.Results);
    }

    [Fact]
    public async Task A_Dockerfile_in_a_subdirectory_sees_only_that_as_its_context()
    {
        var repository = await world.RepositoryAsync(r => r
            .File("outside.txt", "outside")
            .File("apps/one/inside.txt", "inside")
            .File("apps/one/docker/Dockerfile", "FROM busybox\nCOPY . /app\nCMD find /app -name '*.txt' && cat /app/inside.txt\n"));

        var ended = (await world.DeployAsync(
            repository, new { subdirectory = "apps/one", dockerfile = "docker/Dockerfile" })).Succeeded();

        Assert.Equal("/app/inside.txt\ninside", ended.Results);
    }

    [Fact]
    public async Task Build_arguments_and_environment_reach_build_and_program()
    {
        const string Dockerfile = """
            FROM busybox
            ARG GREETING=none
            ARG SOURCE_COMMIT
            ARG SOURCE_BRANCH
            RUN echo "$GREETING $SOURCE_COMMIT $SOURCE_BRANCH" > /built
            CMD cat /built; echo "$MODE"
            """;

        var ended = (await world.DeployAsync(
            Dockerfile, new { build_args = new { GREETING = "hi there" }, env = new { MODE = "test\tmode" } })).Succeeded();

        Assert.Equal($"hi there {ended.Commit} main\ntest\tmode", ended.Results);
    }

    [Fact]
    public async Task The_command_replaces_the_images_own()
    {
        var ended = (await world.DeployAsync(
            "FROM busybox\nCMD echo own\n", new { command = new[] { "echo", "a b", "$HOME" } })).Succeeded();

        Assert.Equal("a b $HOME", ended.Results);
    }

    [Fact]
    public async Task A_repository_without_a_Dockerfile_can_be_given_one()
    {
        var repository = await world.RepositoryAsync(r => r.File("data.txt", "data"));

        var ended = (await world.DeployAsync(
            repository, new { dockerfile_text = "FROM busybox\nCOPY data.txt /\nCMD cat /data.txt\n" })).Succeeded();

        Assert.Equal("data", ended.Results);
    }

    [Fact]
    public async Task Another_Dockerfile_of_equal_size_makes_another_image()
    {
        var repository = await world.RepositoryAsync(r => r.File("data.txt", "data"));
        var what = $"{Guid.NewGuid():N}";

        var one = await world.DeployAsync(repository, new { dockerfile_text = $"FROM busybox\nRUN echo one {what} > /x\nCMD cat /x\n" });
        var two = await world.DeployAsync(repository, new { dockerfile_text = $"FROM busybox\nRUN echo two {what} > /x\nCMD cat /x\n" });

        Assert.Equal(($"one {what}", $"two {what}"), (one.Succeeded().Results, two.Succeeded().Results));
    }

    [Fact]
    public async Task A_target_is_built_and_an_unused_stage_that_would_fail_is_not()
    {
        const string Dockerfile = """
            FROM busybox AS made
            RUN echo made > /made
            FROM busybox AS broken
            RUN exit 9
            FROM busybox AS wanted
            COPY --from=made /made /made
            CMD cat /made
            FROM busybox
            CMD echo last
            """;

        var wanted = (await world.DeployAsync(Dockerfile, new { target = "wanted" })).Succeeded();
        var last = (await world.DeployAsync(Dockerfile)).Succeeded();

        Assert.Equal(("made", "last"), (wanted.Results, last.Results));
    }

    [Fact]
    public async Task A_static_binary_runs_from_scratch()
    {
        const string Dockerfile = """
            FROM busybox AS tools
            FROM scratch
            COPY --from=tools /bin/busybox /busybox
            ENTRYPOINT ["/busybox"]
            CMD ["echo", "from scratch"]
            """;

        Assert.Equal("from scratch", (await world.DeployAsync(Dockerfile)).Succeeded().Results);
    }

    [Fact]
    public async Task Constructs_of_BuildKit_work()
    {
        const string Dockerfile = """
            # syntax=docker/dockerfile:1
            FROM --platform=$BUILDPLATFORM busybox
            RUN --mount=type=cache,target=/cache echo cached > /cache/file && cp /cache/file /file
            COPY --chmod=750 tool.sh /tool.sh
            CMD stat -c %a /tool.sh; cat /file
            """;
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", Dockerfile).File("tool.sh", "#!/bin/sh\n"));

        var ended = (await world.DeployAsync(repository)).Succeeded();

        Assert.Equal("750\ncached", ended.Results);
        Assert.Contains("asks for the frontend docker/dockerfile:1", ended.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_is_not_built_again_and_another_argument_is()
    {
        var repository = await world.RepositoryAsync(r =>
            r.File("Dockerfile", "FROM busybox\nARG WHO=nobody\nRUN echo $WHO > /who\nCMD cat /who\n"));

        var first = (await world.DeployAsync(repository, new { build_args = new { WHO = "one" } })).Succeeded();
        var again = (await world.DeployAsync(repository, new { build_args = new { WHO = "one" } })).Succeeded();
        var other = (await world.DeployAsync(repository, new { build_args = new { WHO = "two" } })).Succeeded();

        Assert.Equal(("one", "one", "two"), (first.Results, again.Results, other.Results));
        Assert.Equal(first.ImageId, again.ImageId);
        Assert.NotEqual(first.ImageId, other.ImageId);
        Assert.Contains("Not built again", again.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Not built again", first.Log + other.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_dockerignore_names_stays_out_and_what_export_ignore_names_does_not()
    {
        var repository = await world.RepositoryAsync(r => r
            .File(".dockerignore", "# comment\n*.log\n!keep.log\nbuild/\n")
            .File(".gitattributes", "exported.txt export-ignore\n")
            .File("a.log", "x").File("keep.log", "x").File("build/out.txt", "x").File("exported.txt", "x")
            .File("Dockerfile", "FROM busybox\nCOPY . /app\nCMD cd /app && find . -type f ! -name '.*' ! -name Dockerfile | sort\n"));

        var ended = (await world.DeployAsync(repository)).Succeeded();

        Assert.Equal("./exported.txt\n./keep.log", ended.Results);
    }

    [Fact]
    public async Task A_large_context_is_built()
    {
        var bytes = Scale.ContextMegabytes * 1_000_000;
        var repository = await world.RepositoryAsync(r => r
            .Large("big.bin", bytes, random: true)
            .File("Dockerfile", "FROM busybox\nCOPY big.bin /\nCMD stat -c %s /big.bin\n"));

        Assert.Equal($"{bytes}", (await world.DeployAsync(repository)).Succeeded().Results);
    }
}
