using Speed.Tests.Sources;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: whatever fails is told with its code and the way out.</summary>
public sealed class FailureTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task A_program_that_fails_keeps_its_output_and_its_exit_code()
    {
        var ended = await world.DeployAsync("FROM busybox\nCMD echo before; echo why >&2; exit 3\n");

        Assert.Contains("code 3", ended.FailedWith("EXIT_NONZERO", "run"), StringComparison.Ordinal);
        Assert.Equal(3, ended.ExitCode);
        Assert.Equal("before\nwhy", ended.Results);
    }

    [Fact]
    public async Task A_program_that_takes_too_much_memory_is_said_to_have_done_so()
    {
        var ended = await world.DeployAsync(
            "FROM busybox\nCMD [\"tail\", \"/dev/zero\"]\n", new { resources = new { memory_mb = 32 } });

        Assert.Contains("32 MB", ended.FailedWith("OUT_OF_MEMORY", "run"), StringComparison.Ordinal);
        Assert.Equal(137, ended.ExitCode);
    }

    [Fact]
    public async Task A_program_that_a_signal_ends_is_told_by_the_signals_name()
    {
        var ended = await world.DeployAsync("FROM busybox\nCMD [\"sh\", \"-c\", \"kill -SEGV $$\"]\n");

        Assert.Contains("SIGSEGV", ended.FailedWith("EXIT_NONZERO", "run"), StringComparison.Ordinal);
        Assert.Equal(139, ended.ExitCode);
    }

    [Fact]
    public async Task A_command_that_is_not_there_cannot_be_started()
    {
        var ended = await world.DeployAsync("FROM busybox\nCMD [\"/no-such-program\"]\n");

        var said = ended.FailedWith("CONTAINER_START_FAILED", "run");
        Assert.Contains("/no-such-program", said, StringComparison.Ordinal);
        Assert.StartsWith("CONTAINER_START_FAILED: ", ended.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_branch_is_told_with_those_that_there_are()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\n"));

        var ended = await world.DeployAsync(repository, branch: "mian");

        var said = ended.FailedWith("BRANCH_NOT_FOUND", "clone");
        Assert.Contains("`mian`", said, StringComparison.Ordinal);
        Assert.Contains("`main`", said, StringComparison.Ordinal);
        Assert.StartsWith("BRANCH_NOT_FOUND: ", ended.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_repository_is_told()
    {
        var id = await world.App.StartAsync($"{world.Git.Url}/no-such.git");

        var ended = await world.EndAsync(id);

        ended.FailedWith("REPO_NOT_FOUND", "clone");
    }

    [Fact]
    public async Task A_missing_Dockerfile_is_told_with_those_that_there_are()
    {
        var repository = await world.RepositoryAsync(r => r.File("docker/Dockerfile.web", "FROM busybox\n"));

        var ended = await world.DeployAsync(repository);

        Assert.Contains("docker/Dockerfile.web", ended.FailedWith("DOCKERFILE_NOT_FOUND", "build"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_base_image_is_told_by_its_name()
    {
        var ended = await world.DeployAsync("FROM no-such-image-of-speed:1.2\nCMD echo never\n");

        Assert.Contains(
            "no-such-image-of-speed:1.2", ended.FailedWith("BASE_IMAGE_UNAVAILABLE", "build"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_build_step_is_told_with_its_exit_code_and_its_output()
    {
        var ended = await world.DeployAsync("FROM busybox\nRUN echo building && echo broken >&2 && exit 7\n");

        Assert.Contains("exit 7", ended.FailedWith("BUILD_FAILED", "build"), StringComparison.Ordinal);
        Assert.Equal(7, ended.Resource.GetProperty("failure").GetProperty("exit_code").GetInt32());
        Assert.Contains("broken", ended.Log, StringComparison.Ordinal);
        Assert.Contains("broken", ended.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_past_its_deadline_is_stopped()
    {
        var ended = await world.DeployAsync(
            "FROM busybox\nCMD echo started; sleep 600\n", new { timeouts = new { run_s = 2 } });

        ended.FailedWith("RUN_TIMEOUT", "run");
        Assert.Equal("started", ended.Results.Split('\n')[0]);
        await world.EventuallyNoContainersAsync(ended.Id);
    }

    [Fact]
    public async Task A_build_past_its_deadline_is_stopped()
    {
        var ended = await world.DeployAsync(
            "FROM busybox\nRUN sleep 600\n", new { timeouts = new { build_s = 3 } });

        ended.FailedWith("BUILD_TIMEOUT", "build");
    }

    [Fact]
    public async Task A_clone_past_its_deadline_is_stopped()
    {
        await using var git = await GitServer.StartAsync();
        var repository = await git.CreateAsync("slow", r => r.File("Dockerfile", "FROM busybox\n"));
        git.HangForGit();

        var id = await world.StartAsync(repository, new { timeouts = new { clone_s = 4 } });
        await git.Hanging;
        var running = GitProcesses.Naming(world.App.DataDirectory);
        var ended = await world.EndAsync(id);

        ended.FailedWith("CLONE_TIMEOUT", "clone");
        Assert.NotEmpty(running);
        Assert.Empty(GitProcesses.Naming(world.App.DataDirectory));
    }
}
