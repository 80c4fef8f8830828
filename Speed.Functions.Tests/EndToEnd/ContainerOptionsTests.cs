using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: what a deployment says of its container, from the request to the program.</summary>
public sealed class ContainerOptionsTests : IAsyncLifetime
{
    private readonly World _world = new() { Settings = { ["Speed__Docker__AllowedCapabilities"] = "SYS_CHROOT,net_raw" } };

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    [Trait("Engine", "Both")]
    public async Task Shared_memory_is_as_large_as_was_asked_for()
    {
        const string Dockerfile = "FROM busybox\nCMD df -k /dev/shm | tail -n 1 | awk '{ print $2 }'\n";

        var asked = await _world.DeployAsync(Dockerfile, new { shm_mb = 128 });
        var usual = await _world.DeployAsync(Dockerfile);

        Assert.Equal(("131072", "65536"), (asked.Succeeded().Results, usual.Succeeded().Results));
        Assert.Equal(128, asked.Resource.GetProperty("shm_mb").GetInt32());
    }

    [Fact]
    [Trait("Engine", "Both")]
    public async Task A_capability_that_the_operator_allows_is_given_to_whom_it_was_asked_for()
    {
        const string Dockerfile = "FROM busybox\nCMD chroot / echo inside\n";

        var asked = await _world.DeployAsync(Dockerfile, new { cap_add = new[] { "CAP_SYS_CHROOT", "net_raw" } });
        var usual = await _world.DeployAsync(Dockerfile);

        Assert.Equal("inside", asked.Succeeded().Results);
        Assert.Equal("""["NET_RAW","SYS_CHROOT"]""", asked.Resource.GetProperty("cap_add").GetRawText());
        usual.FailedWith("EXIT_NONZERO", "run");
        Assert.Contains("Operation not permitted", usual.Log);
    }

    [Fact]
    public async Task A_program_has_as_long_to_end_as_was_asked_for_and_its_log_names_the_signal()
    {
        var deaf = await _world.UpAsync(await StartAsync(
            "CMD trap '' TERM; while true; do sleep 0.1; done\n", new { kind = "service", stop_grace_s = 1 }));
        var asked = await _world.UpAsync(await StartAsync(
            "STOPSIGNAL SIGQUIT\nCMD trap 'echo asked to; exit 0' QUIT; while true; do sleep 0.1; done\n",
            new { kind = "service", stop_grace_s = 77 }));

        var killed = await CancelAsync(deaf.Id());
        var ended = await CancelAsync(asked.Id());

        Assert.Contains("Stopping: SIGTERM, and SIGKILL after 1 s.", killed.Log);
        Assert.Contains("Stopping: SIGQUIT, the image's STOPSIGNAL, and SIGKILL after 77 s.", ended.Log);
        Assert.Contains("asked to", ended.Log);
        Assert.Equal((137, 0), (killed.ExitCode, ended.ExitCode));
    }

    [Fact]
    public async Task Variables_and_build_arguments_have_any_name_that_Docker_lets_them_have()
    {
        var ended = await _world.DeployAsync(
            "FROM busybox\nARG app.version\nRUN [\"env\"]\nCMD [\"env\"]\n",
            new
            {
                env = new Dictionary<string, string> { ["spring.datasource-url"] = "a=b", ["x:y"] = "", ["1st"] = "one", ["A B"] = "two" },
                // The engine may have the layer, and prints nothing then.
                clear_cache = true,
                build_args = new Dictionary<string, string> { ["app.version"] = "1.2", ["not-used"] = "x" },
            });

        var lines = ended.Succeeded().Results.Split('\n');
        Assert.Superset(
            new HashSet<string> { "spring.datasource-url=a=b", "x:y=", "1st=one", "A B=two" }, lines.ToHashSet());
        Assert.Contains("app.version=1.2", ended.Log);
    }

    private async Task<long> StartAsync(string lines, object options)
    {
        var repository = await _world.RepositoryAsync(r => r.File(
            "Dockerfile", $"FROM busybox\nHEALTHCHECK --interval=1s CMD true\n{lines}"));
        return await _world.StartAsync(repository, options);
    }

    private async Task<Ended> CancelAsync(long id)
    {
        (await _world.App.PostAsync($"/v1/deployments/{id}/cancel", new { })).Dispose();
        return await _world.EndAsync(id);
    }
}
