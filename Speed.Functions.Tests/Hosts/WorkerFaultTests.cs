using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Speed.Hosting;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Hosts;

/// <summary>Drives real HTTP and real files: what goes wrong in a worker, or where it listens, keeps nobody from SPEED.</summary>
public sealed class WorkerFaultTests : IDisposable
{
    private readonly TempFolder _data = new();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private Dictionary<string, string> Settings => new()
    {
        ["Speed:DataDirectory"] = _data.FullPath,
        ["Speed:Urls"] = "http://127.0.0.1:0",
        ["Speed:Auth"] = "off",
        ["Speed:MaxRunning"] = "0",
    };

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_port_that_was_free_and_is_taken_when_the_worker_begins_to_listen_is_not_in_its_way()
    {
        using var taken = new TcpListener(IPAddress.Loopback, AddressChosenBefore().Port);
        taken.Start();

        await using var host = await FunctionsHost.StartAsync(HostedSpeed.AppFolder, InnerWorker.Starting(Settings, null));

        await AssertServesAsync(host);
        Assert.Equal(1, host.WorkersStarted);
    }

    [Fact]
    public async Task A_worker_in_which_a_background_service_failed_has_a_successor()
    {
        var failing = new TaskCompletionSource();
        var workers = 0;
        await using var host = await FunctionsHost.StartAsync(
            HostedSpeed.AppFolder,
            InnerWorker.Starting(Settings, services => services.AddHostedService(_ =>
                new Failing(Interlocked.Increment(ref workers) == 1 ? failing.Task : new TaskCompletionSource().Task))));
        await AssertServesAsync(host);
        var worker = host.Worker;

        failing.SetResult();

        Assert.Equal(1, await host.EndOfAsync(worker).WaitAsync(Now));
        Assert.Equal(2, host.WorkersStarted);
        await AssertServesAsync(host);
    }

    [Fact]
    public async Task SPEED_by_itself_says_by_its_exit_code_that_a_background_service_failed()
    {
        var exit = await SelfHost.RunAsync(
            [.. Settings.Select(setting => $"--{setting.Key}={setting.Value}")],
            (services, configuration) =>
            {
                Program.AddSpeed(services, configuration);
                services.AddHostedService(_ => new Failing(Task.CompletedTask));
            }).WaitAsync(Now);

        Assert.Equal(1, exit);
    }

    [Fact]
    public async Task A_host_that_lets_connections_wait_is_not_gone_and_one_that_refuses_them_is()
    {
        using var host = new TcpListener(IPAddress.Loopback, 0);
        host.Start(backlog: 1);
        var address = new Uri($"http://{host.LocalEndpoint}");
        TcpClient[] waiting = [.. Enumerable.Range(0, 5).Select(_ => new TcpClient())];
        var connecting = waiting.Select(client => client.ConnectAsync(address.Host, address.Port, Now).AsTask()).ToArray();
        await connecting[0];

        Assert.False(await HostWatch.IsGoneAsync(address, Now));
        host.Stop();
        Assert.True(await HostWatch.IsGoneAsync(address, Now));

        Array.ForEach(waiting, client => client.Dispose());
        await Task.WhenAll(connecting).ContinueWith(_ => { }, Now, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    // The worker's own way: it asks the system for a free port, lets it go, and listens there later.
    private static Uri AddressChosenBefore() => new((string)typeof(FunctionsHostBuilderExtensions).Assembly
        .GetType("Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore.HttpUriProvider", throwOnError: true)!
        .GetProperty("HttpUriString")!.GetValue(null)!);

    private static async Task AssertServesAsync(FunctionsHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Address };
        using var answer = await client.GetAsync("/health", Now);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}\n{string.Join('\n', host.Failures)}");
    }

    private sealed class Failing(Task when) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await when.WaitAsync(stoppingToken);
            throw new InvalidOperationException("As the test wants it.");
        }
    }
}
