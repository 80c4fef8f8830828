using Docker.DotNet.Models;
using Speed.Deployments;
using Speed.Dockerfiles;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>How both builders tell what went wrong.</summary>
public abstract partial class ImageBuildTests
{
    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_failing_step_is_named_with_its_exit_code_and_its_output_is_in_the_log()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN echo why >&2; exit 3\n");

        Assert.Equal((FailureCode.BuildFailed, 3), (failure.Code, failure.ExitCode));
        Assert.Contains("RUN echo why", failure.Message, StringComparison.Ordinal);
        Assert.Contains("exit code 3", failure.Message, StringComparison.Ordinal);
        Assert.Contains(world.Recorded.Entries.OfType<LogLine>(), line =>
            line.Stream == LogStream.Stderr && line.Text.EndsWith("why", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_step_that_is_killed_ran_out_of_memory()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUN exit 137\n");

        Assert.Equal((FailureCode.OutOfMemory, 137), (failure.Code, failure.ExitCode));
    }

    [Fact]
    public async Task A_full_disk_is_the_platform_s_fault()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nCOPY no-such-file /no space left on device/\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Equal(FailureCode.DiskFull, BuildFailure.From(new FailedBuild(
            "write /x: no space left on device", null, new Engine("1", new System.Version(1, 41), "linux", "amd64"),
            Builder.BuildKit, Dockerfile.Parse(""))).Code);
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_program_that_this_machine_cannot_run_is_told_so_and_one_that_only_says_the_words_of_another_step_is_not()
    {
        await using var world = await NewWorldAsync();
        const string Made = "FROM busybox\nRUN echo none > /program && chmod +x /program && echo exec format error\n";

        var foreign = await world.FailToBuildAsync($"{Made}RUN [\"/program\"]\n");
        var other = await world.FailToBuildAsync($"{Made}RUN exit 1\n");

        Assert.Contains("exec format error", foreign.Message, StringComparison.Ordinal);
        Assert.Contains("`#!`", foreign.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("exec format error", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FROM no-such-image-of-speed:1\n", 1)]
    [InlineData("FROM busybox\n\nCOPY --from=no-such-image-of-speed:1 / /x\n", 3)]
    public async Task A_missing_base_is_named_with_its_line(string dockerfile, int line)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(dockerfile);

        Assert.Equal(FailureCode.BaseImageUnavailable, failure.Code);
        Assert.Contains($"`no-such-image-of-speed:1` on line {line}", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
    }

    [Theory]
    [InlineData("FROM BusyBox\n", "BusyBox")]
    [InlineData("FROM SCRATCH\n", "SCRATCH")]
    [InlineData("FROM busy\uFFFDbox\n", "busy\uFFFDbox")]
    [InlineData("FROM busybox:\n", "busybox:")]
    [InlineData("ARG NAME=BusyBox\nFROM $NAME\n", "BusyBox")]
    [InlineData("FROM busybox\nCOPY --from=Other / /x\n", "Other")]
    public async Task What_is_no_name_of_an_image_is_refused(string dockerfile, string name)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(dockerfile);

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
        Assert.Contains($"`{name}` on line ", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
    }

    [Theory]
    [InlineData("ARG TAG\nFROM no-such-image-of-speed:${TAG}\n", "`no-such-image-of-speed:${TAG}` on line 2", "`TAG` is without a value")]
    [InlineData("FROM $HOST/$NAME\n", "`$HOST/$NAME` on line 1", "`HOST` and `NAME` are without a value")]
    [InlineData("ARG BASE=\nFROM $BASE\n", "`$BASE` on line 2", "`BASE` is without a value")]
    public async Task A_variable_without_a_value_that_leaves_a_hole_in_an_image_s_name_is_named(
        string dockerfile, string what, string why)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(dockerfile);

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Contains("build_args", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_Dockerfile_is_told_before_any_image_is_asked_for()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM no-such-image-of-speed:1\nimport os\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("unknown instruction: import", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Pulling", world.Recorded.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("speed-0123456789ab:1")]
    public async Task Ids_digests_without_a_name_and_what_SPEED_built_are_no_bases(string name)
    {
        await using var world = await NewWorldAsync();

        var from = await world.FailToBuildAsync($"FROM {name}\n");
        var copy = await world.FailToBuildAsync($"FROM busybox\nCOPY --from={name} /a /b\n");

        Assert.Equal((FailureCode.DockerfileRefused, FailureCode.DockerfileRefused), (from.Code, copy.Code));
        Assert.Contains($"`{name}` on line 2", copy.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_Dockerfile_names_those_that_there_are()
    {
        await using var world = await NewWorldAsync();
        var tree = new MemoryTree().Add("app/Dockerfile", "FROM a").Add("Dockerfile.prod", "FROM a").Add("readme", "");

        var failure = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => world.BuildAsync(world.NewDeployment(), tree));

        Assert.Equal(FailureCode.DockerfileNotFound, failure.Code);
        Assert.Contains("`Dockerfile.prod`, `app/Dockerfile`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_does_not_exist_is_told_with_those_that_do()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync(
            "FROM busybox AS one\nFROM busybox AS two\n", options => options with { Target = "three" });

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("`one`, `two`", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_number_of_a_stage_is_no_target()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nFROM busybox\n", options => options with { Target = "0" });

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("none of its stages has a name", failure.Message, StringComparison.Ordinal);
        Assert.Contains("not its number", failure.Hint, StringComparison.Ordinal);
        Assert.Contains("FROM … AS name", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ADD http://127.0.0.1:1/x /x")]
    [InlineData("ADD [\"http://169.254.169.254/latest\", \"/x\"]")]
    [InlineData("ADD --chown=1 https://[::1]/x /x")]
    [InlineData("ARG HOST=10.0.0.1\nADD http://$HOST/x /x")]
    [InlineData("ENV SOURCE http://localhost/x\nADD ${SOURCE} /x")]
    [InlineData("ADD ${UNKNOWN#x} /x")]
    [InlineData("ADD git@127.0.0.1:r.git /x")]
    public async Task Nothing_is_fetched_from_a_private_address(string instruction)
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync($"FROM busybox\n{instruction}\n");

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
    }

    [Fact]
    public async Task A_base_may_not_bring_steps_that_are_not_allowed()
    {
        await using var world = await NewWorldAsync(options => options with { LocalImages = ["*"] });
        var name = $"test-{world.Instance}";
        await using var container = await world.Runner.CreateAsync(
            world.NewScript("true"), await world.BusyboxAsync(), DeploymentSecrets.None, world.Log, Token);
        var names = await world.ListContainersAsync();
        var parent = await world.AskAsync(client => client.Images.CommitContainerChangesAsync(
            new CommitContainerChangesParameters
            {
                ContainerID = names[0].TrimStart('/'),
                RepositoryName = name,
                Tag = "1",
                Changes = ["ONBUILD ADD http://example.org/x /x"],
            },
            Token));

        var failure = await world.FailToBuildAsync($"FROM {name}:1\n");
        await world.AskAsync(client => client.Images.DeleteImageAsync(parent.ID, new ImageDeleteParameters(), Token));

        Assert.Equal(FailureCode.DockerfileRefused, failure.Code);
    }

    [Fact]
    public async Task A_misspelt_instruction_fails_the_build()
    {
        await using var world = await NewWorldAsync();

        var failure = await world.FailToBuildAsync("FROM busybox\nRUNN true\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains("RUNN", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_engine_is_too_old_for_is_said_with_its_version()
    {
        await using var world = await NewWorldAsync();
        var version = await world.AskAsync(client => client.System.GetVersionAsync(Token));

        // A flag that no frontend has yet, or here-documents where those are too new.
        var knowsHereDocuments = System.Version.Parse(version.APIVersion) >= new System.Version(1, 42);
        var failure = await world.FailToBuildAsync(knowsHereDocuments
            ? "FROM busybox\nCOPY --from-the-future . /\n"
            : "FROM busybox\nRUN <<EOF\necho hello\nEOF\n");

        Assert.Equal(FailureCode.BuildFailed, failure.Code);
        Assert.Contains(version.Version, failure.Message, StringComparison.Ordinal);
    }
}
