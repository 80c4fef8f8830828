using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Speed.Tests.EndToEnd;

/// <summary>Programs that mean harm, each against the real engine, each held.</summary>
public abstract class ContainmentTests(string sandbox) : IAsyncLifetime
{
    private protected World World { get; } = new() { Settings = new() { ["Speed__Docker__Sandbox"] = sandbox } };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => World.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await World.DisposeAsync();
    }

    private protected Task<Ended> RunAsync(string script, object? resources = null, int seconds = 60) =>
        World.DeployAsync("FROM busybox\n", OptionsOf(script, resources, seconds));

    private static object OptionsOf(string script, object? resources, int seconds) => new
    {
        command = new[] { "sh", "-c", script },
        resources = resources ?? new { },
        timeouts = new { run_s = seconds },
    };

    [Fact]
    public async Task A_fork_bomb_gets_its_processes_and_no_more_and_ends_by_its_deadline()
    {
        var repository = await World.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\n"));
        const string Bomb = "bomb() { bomb | bomb & }; bomb 2> /dev/null; echo lit; exec tail -f /dev/null";
        var id = await World.StartAsync(repository, OptionsOf(Bomb, new { pids = 40 }, seconds: 20));
        await World.SeesLineAsync(id, "lit");

        var processes = await DockerCli.LinesAsync("top", (await World.ContainersOfAsync(id)).Single(), "-o", "pid");
        var beside = await RunAsync("echo unharmed");
        var ended = await World.EndAsync(id);

        Assert.Equal("unharmed", beside.Succeeded().Results);
        Assert.InRange(processes.Length - 1, 1, 40);
        ended.FailedWith("RUN_TIMEOUT", "run");
        await World.EventuallyNoContainersAsync();
    }

    [Fact]
    public async Task A_memory_bomb_is_ended_alone()
    {
        var ended = await RunAsync("tail /dev/zero", new { memory_mb = 32 });
        var beside = await RunAsync("echo unharmed");

        ended.FailedWith("OUT_OF_MEMORY", "run");
        Assert.Equal("unharmed", beside.Succeeded().Results);
    }

    [Fact]
    public async Task A_program_that_looks_around_finds_neither_the_engine_nor_the_host()
    {
        const string Look =
            """
            for socket in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock; do
              [ -e $socket ] && echo "sees $socket"
            done
            mount -t tmpfs none /mnt 2> /dev/null && echo "mounts"
            mknod /tmp/disk b 8 0 2> /dev/null && echo "makes a device"
            ls /dev | grep -E '^(sd|vd|nvme|xvd|mem$|kmsg)' && echo "sees the host's devices"
            echo 1 2> /dev/null > /proc/sys/kernel/sysrq && echo "sets the kernel"
            chroot /proc/1/root true 2> /dev/null && [ $(id -u) != 0 ] && echo "changes its root"
            ps | grep -q '[d]ockerd' && echo "sees the host's processes"
            grep -E '^CapEff:.*(21|8000)' /proc/self/status && echo "has the rights of an administrator"
            grep NoNewPrivs:.0 /proc/self/status && echo "may get new rights"
            grep Seccomp:.0 /proc/self/status && echo "has all system calls"
            touch /run/speed/mine 2> /dev/null && echo "writes to SPEED's folder"
            ls /run/speed
            env | grep ^SPEED_ | cut -d= -f1 | sort
            """;

        var ended = await RunAsync(Look);

        Assert.Equal(
            "api.sock\nSPEED_DEPLOYMENT_ID\nSPEED_TOKEN\nSPEED_WORKER_ID",
            ended.Results.Trim());
    }

    /// <summary>What a program reaches of another deployment's, of SPEED, and of a service on the host.</summary>
    private protected async Task<string> VisitAsync()
    {
        await using var host = await ListenOnTheHostAsync();
        var repository = await World.RepositoryAsync(r => r.File("Dockerfile", "FROM busybox\n"));
        const string Serve = "echo ready; while :; do echo stranger | nc -l -p 8080 > /dev/null; done";
        var server = await World.StartAsync(repository, OptionsOf(Serve, null, seconds: 60));
        await World.SeesLineAsync(server, "ready");
        var address = await AddressOfAsync(server);
        var visitor = await RunAsync(Visits(address, World.App.Client.BaseAddress!.Port, PortOf(host)));
        if (address.Length > 0)
        {
            // It does answer those that may ask: this host.
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Parse(address), 8080, Now);
            using var reader = new StreamReader(client.GetStream());
            Assert.Equal("stranger", await reader.ReadLineAsync(Now));
        }

        await World.App.PostAsync($"/v1/deployments/{server}/cancel", new { });
        await World.EndAsync(server);
        return visitor.Succeeded().Results;
    }

    private static string Visits(string other, int speed, int host) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        visit() {
          { printf 'GET / HTTP/1.0\r\n\r\n'; sleep 4; } | timeout 20 nc -w 5 $2 $3 2> /dev/null | grep -q . && echo "reaches $1" || echo "misses $1"
        }
        gateway=$(ip route | sed -n 's/default via \([0-9.]*\).*/\1/p')
        visit "the other" {{(other.Length > 0 ? other : "127.0.0.2")}} 8080
        visit SPEED ${gateway:-127.0.0.2} {{speed}}
        visit "SPEED at home" 127.0.0.1 {{speed}}
        visit "the host" ${gateway:-127.0.0.2} {{host}}
        """);

    private async Task<string> AddressOfAsync(long id) => (await DockerCli.RunAsync(
        "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        (await World.ContainersOfAsync(id)).Single())).Trim();

    private static async Task<WebApplication> ListenOnTheHostAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://0.0.0.0:0");
        var host = builder.Build();
        host.Run(context => context.Response.WriteAsync("host", Now));
        await host.StartAsync(Now);
        return host;
    }

    private static int PortOf(WebApplication host) => new Uri(host.Urls.Single()).Port;

    /// <summary>Drives the real engine: programs that mean harm are held by the standard sandbox.</summary>
    public sealed class Standard() : ContainmentTests("standard")
    {
        [Fact]
        public async Task A_program_reaches_the_host_s_services_but_neither_other_containers_nor_SPEED()
        {
            var results = await VisitAsync();

            // The last line shows that there is a network, and that the others were out of reach in it.
            Assert.Equal("misses the other\nmisses SPEED\nmisses SPEED at home\nreaches the host", results);
        }
    }

    /// <summary>Drives the real engine: programs that mean harm are held by the strict sandbox.</summary>
    public sealed class Strict() : ContainmentTests("strict")
    {
        [Fact]
        public async Task A_program_reaches_nothing()
        {
            var results = await VisitAsync();

            Assert.Equal("misses the other\nmisses SPEED\nmisses SPEED at home\nmisses the host", results);
        }

        [Fact]
        public async Task A_disk_filler_fills_64_MiB_and_runs_nothing_from_there()
        {
            const string Fill =
                """
                touch /here 2> /dev/null && echo "writes to its root"
                dd if=/dev/zero of=/tmp/filler bs=1M count=200 2> /dev/null || echo full
                du -m /tmp/filler | cut -f1
                rm /tmp/filler; cp /bin/busybox /tmp/busybox && /tmp/busybox true 2> /dev/null && echo "runs from /tmp"
                id -u
                """;

            var ended = await RunAsync(Fill);

            Assert.Equal("full\n64\n65534", ended.Succeeded().Results);
        }
    }
}
