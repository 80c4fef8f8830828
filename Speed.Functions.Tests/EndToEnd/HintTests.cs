using System.Net;
using System.Net.Sockets;
using System.Text;
using Speed.Runners;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Drives the real engine: a hint says what was seen of the thing itself, and where nothing was seen there is none.</summary>
public sealed class HintTests(World world) : IClassFixture<World>
{
    private const string Windows = "#!/bin/sh\r\necho started\r\n";
    private const string Other = "RUN cp /bin/busybox /prog && printf '\\267\\000' | dd of=/prog bs=1 seek=18 conv=notrunc\n";

    [Theory]
    [InlineData("CMD [\"/start.sh\"]", null, "CONTAINER_START_FAILED")]
    [InlineData("CMD [\"/start.sh\"]", false, "CONTAINER_START_FAILED")]
    [InlineData("CMD /start.sh", null, "EXIT_NONZERO")]
    [InlineData("CMD exec /start.sh", null, "EXIT_NONZERO")]
    [InlineData("WORKDIR /\nCMD [\"./start.sh\"]", null, "CONTAINER_START_FAILED")]
    [InlineData("RUN ln -s /start.sh /usr/bin/start\nCMD [\"start\"]", null, "CONTAINER_START_FAILED")]
    public async Task A_script_with_Windows_line_ends_is_named(string command, bool? init, string code)
    {
        var repository = await world.RepositoryAsync(r => r
            .File("start.sh", Windows)
            .File("Dockerfile", $"FROM busybox\nCOPY start.sh /\nRUN chmod +x /start.sh\n{command}\n"));

        var ended = await world.DeployAsync(repository, new { init });

        Assert.Contains("`/start.sh` has Windows line ends", ended.FailedWith(code, "run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "set -e\r\nif true\r\nthen echo x\r\nfi\r\n", "`/start.sh` has Windows line ends")]
    [InlineData("RUN chmod +x /start.sh\n", "", "`/start.sh` is an empty file")]
    [InlineData("", "#!/bin/sh\n", "`/start.sh` may not be executed")]
    [InlineData("RUN chmod +x /start.sh\n", "#!/bin/bash\necho x\n", "`/start.sh` names `/bin/bash` in its first line")]
    [InlineData("RUN chmod +x /start.sh\n", "#!/usr/bin/env python3\nprint(1)\n", "`/start.sh` names `python3` in its first line")]
    [InlineData("RUN chmod +x /start.sh\n", "echo started\n", "`/start.sh` is neither a program for Linux nor a script")]
    [InlineData("RUN rm /start.sh && mkdir /start.sh\n", "x", "`/start.sh` is a folder")]
    [InlineData("RUN printf 'MZ\\220\\000' > /start.sh && chmod +x /start.sh\n", "x", "`/start.sh` is a program for Windows")]
    [InlineData("RUN printf '\\177ELF' > /start.sh && chmod +x /start.sh\n", "x", "`/start.sh` is a broken program")]
    public async Task What_is_wrong_with_a_script_or_program_is_seen_in_its_file(string steps, string script, string said)
    {
        var isGivenToShell = steps.Length == 0 && script.StartsWith("set", StringComparison.Ordinal);
        var repository = await world.RepositoryAsync(r => r
            .File("start.sh", script)
            .File(
                "Dockerfile",
                $"FROM busybox\nCOPY start.sh /\n{steps}CMD [{(isGivenToShell ? "\"sh\", \"/start.sh\"" : "\"/start.sh\"")}]\n"));

        // The init in front has a shell try what the kernel does not run.
        var ended = await world.DeployAsync(repository, new { init = false });

        var wasRun = isGivenToShell || script.Contains("/env", StringComparison.Ordinal);
        Assert.Contains(said, ended.FailedWith(wasRun ? "EXIT_NONZERO" : "CONTAINER_START_FAILED", "run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CMD [\"/prog\", \"true\"]", false, "CONTAINER_START_FAILED")]
    [InlineData("CMD [\"/prog\", \"true\"]", null, "EXIT_NONZERO")]
    [InlineData("CMD /prog true", null, "EXIT_NONZERO")]
    public async Task A_program_for_another_processor_is_told_with_both_their_names(string command, bool? init, string code)
    {
        var ended = await world.DeployAsync($"FROM busybox\n{Other}{command}\n", new { init });

        var said = ended.FailedWith(code, "run");
        Assert.Contains("`/prog` is built for another processor, arm64, and this machine is linux/", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_whose_loader_is_not_in_the_image_is_told_with_the_loader()
    {
        var program = await File.ReadAllBytesAsync("/bin/true", TestContext.Current.CancellationToken);
        var repository = await world.RepositoryAsync(r => r
            .File("prog", program)
            .File("Dockerfile", "FROM busybox\nCOPY prog /\nRUN chmod +x /prog\nCMD [\"/prog\"]\n"));

        var ended = await world.DeployAsync(repository);

        Assert.Contains("`/prog` needs the loader `/lib", ended.FailedWith("CONTAINER_START_FAILED", "run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CMD [\"no-such-program\"]", null)]
    [InlineData("CMD [\"/no-such-program\"]", null)]
    [InlineData("CMD [\"/no-such-program\"]", false)]
    public async Task A_program_that_is_not_in_the_image_is_said_not_to_be(string command, bool? init)
    {
        var ended = await world.DeployAsync($"FROM busybox\n{command}\n", new { init });

        Assert.Contains("no-such-program` is not in the image", ended.FailedWith("CONTAINER_START_FAILED", "run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CMD no-such-command", 127)]
    [InlineData("CMD exit 126", 126)]
    [InlineData("CMD [\"sh\", \"-c\", \"exit 2\"]", 2)]
    public async Task Where_nothing_is_seen_nothing_is_said_of_the_image(string command, int exitCode)
    {
        var ended = await world.DeployAsync($"FROM busybox\n{command}\n");

        var said = ended.FailedWith("EXIT_NONZERO", "run");
        Assert.Equal(exitCode, ended.ExitCode);
        Assert.Contains("last lines of the log", said, StringComparison.Ordinal);
        Assert.DoesNotContain("in the image", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_that_another_has_is_told_with_who_has_it(bool isDeployment)
    {
        var port = FreePort.Find();
        var options = new { kind = "service", ports = new[] { new { container = 8080, host = port } } };
        var name = $"holder-of-speed-tests-{port}";
        var holder = 0L;
        if (isDeployment)
        {
            holder = await world.StartAsync(await world.ServerAsync("one"), options);
            await world.UpAsync(holder);
            name = $"Deployment {holder} ";
        }
        else
        {
            await DockerCli.RunAsync("run", "--detach", "--name", name, "--publish", $"127.0.0.1:{port}:80", "busybox", "sleep", "600");
        }

        try
        {
            var ended = await world.DeployAsync(await world.ServerAsync("two"), options);

            var said = ended.FailedWith("CONTAINER_START_FAILED", "run");
            Assert.Contains(name, said, StringComparison.Ordinal);
            Assert.Contains($"has port {port}", said, StringComparison.Ordinal);
        }
        finally
        {
            await DockerCli.RemoveContainersAsync(isDeployment ? $"speed-{world.Instance}-{holder}-" : name);
        }
    }

    [Fact]
    public async Task A_port_that_no_container_has_is_not_put_down_to_one()
    {
        using var listener = new TcpListener(IPAddress.Loopback, FreePort.Find());
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var ended = await world.DeployAsync(
            await world.ServerAsync("one"), new { kind = "service", ports = new[] { new { container = 8080, host = port } } });

        Assert.Contains(
            "Something that is no container of this engine has the port.", ended.FailedWith("CONTAINER_START_FAILED", "run"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:8080", null, "port 8080 of its container's own loopback address alone")]
    [InlineData("127.0.0.1:8080", "/", "port 8080 of its container's own loopback address alone")]
    [InlineData("3000", null, "The program listens on port 3000.")]
    public async Task A_program_that_listens_where_nobody_reaches_it_is_told_so_by_its_container_s_sockets(
        string address, string? path, string said)
    {
        var ended = await world.DeployAsync(
            $"FROM busybox\nEXPOSE 8080\nCMD exec httpd -f -p {address}\n",
            new { timeouts = new { start_s = 10 }, health = path is null ? null : new { path } });

        var failure = ended.FailedWith("UNHEALTHY", "run");
        Assert.Contains(said, failure, StringComparison.Ordinal);
        Assert.DoesNotContain("more time", failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0100007F:1F90", "0A", true)]
    [InlineData("00000000000000000000000001000000:1F90", "0A", true)]
    [InlineData("0000000000000000FFFF00000100007F:1F90", "0A", true)]
    [InlineData("00000000:1F90", "0A", false)]
    [InlineData("00000000000000000000000000000000:1F90", "0A", false)]
    [InlineData("0100007F:1F90", "01", false)]
    public void Of_the_sockets_those_that_listen_on_loopback_are_told(string local, string state, bool isTold) =>
        Assert.Equal(
            isTold,
            ListenerCheck.Judge($"  sl  local_address rem_address   st\n   0: {local} 00000000:0000 {state} 0:0\n", [8080]) is not null);

    [Theory]
    [InlineData("CMD [\"sh\", \"-c\", \"tail -f /etc/passwd; true\"]", "sh")]
    [InlineData("CMD [\"sh\", \"-c\", \"exec tail -f /etc/passwd\"]", null)]
    [InlineData("CMD [\"tail\", \"-f\", \"/etc/passwd\"]", null)]
    public async Task Of_a_program_behind_a_shell_it_is_said_who_gets_the_signal(string command, string? shell)
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", $"FROM busybox\n{command}\n"));
        var id = await world.StartAsync(repository, new { init = true });
        await world.SeesLineAsync(id, line => line.StartsWith("root:", StringComparison.Ordinal));

        using var canceled = await world.App.PostAsync($"/v1/deployments/{id}/cancel", new { });
        var ended = await world.EndAsync(id);

        Assert.Contains("Stopping: SIGTERM", ended.Log, StringComparison.Ordinal);
        Assert.Equal(shell is not null, ended.Log.Contains($"SIGTERM goes to `{shell}`", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_image_that_is_not_built_again_is_told_with_the_way_to_have_it_built()
    {
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\nCMD true\n"));
        await world.DeployAsync(repository);

        var again = await world.DeployAsync(repository);
        var anew = await world.DeployAsync(repository, new { clear_cache = true });

        Assert.Contains("`clear_cache` builds it anew", again.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("`clear_cache`", anew.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fatal: not a git repository (or any of the parent directories): .git", true)]
    [InlineData("fatal: something else", false)]
    public async Task A_step_that_asks_Git_hears_of_the_argument_that_has_the_commit(string printed, bool isTold)
    {
        var ended = await world.DeployAsync($"FROM busybox\nRUN echo '{printed}' >&2; exit 128\n");

        Assert.Equal(isTold, ended.FailedWith("BUILD_FAILED", "build").Contains("SOURCE_COMMIT", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    public async Task A_Dockerfile_in_UTF_16_is_said_to_be_that(string encoding, bool hasMark)
    {
        var code = Encoding.GetEncoding(encoding);
        var text = code.GetBytes("FROM busybox\r\nCMD true\r\n");
        var repository = await world.RepositoryAsync(r => r.File("Dockerfile", hasMark ? [.. code.GetPreamble(), .. text] : text));

        var ended = await world.DeployAsync(repository);

        Assert.Contains("UTF-16", ended.FailedWith("BUILD_FAILED", "build"), StringComparison.Ordinal);
        Assert.Contains("UTF-8", ended.FailedWith("BUILD_FAILED", "build"), StringComparison.Ordinal);
    }
}
