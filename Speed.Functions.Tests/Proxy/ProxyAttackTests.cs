using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>Drives real HTTP: clients that mean harm, two services that read by the letter, and an honest client.</summary>
public sealed class ProxyAttackTests
{
    private const string Own = "app-main.localhost";
    private const string Other = "other-main.localhost";
    private const int AtOnce = 8;

    // What was begun as a body that never ends is given up by the client after so long.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_is_seen_by_a_service_otherwise_than_by_the_proxy()
    {
        await using var world = await ProxyWorld.OpenAsync();
        var answered = 0;

        var served = await AttackAsync(world, "http", async seed =>
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(IPAddress.Loopback, world.Address.Port, Now);
            var stream = client.GetStream();
            await SendAsync(stream, ProxyAttack.Write(seed, Own, Other), new Random(seed));
            var answer = await ReadAsync(stream);
            Interlocked.Add(ref answered, answer.Contains("HTTP/1.1 200", StringComparison.Ordinal) ? 1 : 0);
        });

        // Neither are all of them refused at once, nor is nothing refused.
        Assert.InRange(answered, Scale.ProxyAttacks / 8, Scale.ProxyAttacks * 7 / 8);
        Assert.True(served >= answered, $"{served} requests served, {answered} connections with an answer of a service");
    }

    [Fact]
    public async Task Nor_one_that_came_over_HTTP_2()
    {
        using var folder = new TempFolder();
        SelfSigned.Write(folder, "default", Own);
        await using var world = await ProxyWorld.OpenAsync(
        [
            ("Speed__Proxy__Urls", "https://127.0.0.1:0"),
            ("Speed__Proxy__CertificateFile", folder.File("default.crt")),
            ("Speed__Proxy__KeyFile", folder.File("default.key")),
        ]);
        var answered = 0;

        var served = await AttackAsync(world, "https", async seed =>
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(IPAddress.Loopback, world.Address.Port, Now);
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = Own,
                    ApplicationProtocols = [SslApplicationProtocol.Http2],
                    RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
                },
                Now);
            await stream.WriteAsync(Http2Attack.Write(seed, Own, Other), Now);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Now);
            patience.CancelAfter(Patience);
            try
            {
                Interlocked.Add(ref answered, await Http2Attack.IsAnsweredAsync(stream, patience.Token) ? 1 : 0);
            }
            catch (Exception end) when (end is IOException or OperationCanceledException && !Now.IsCancellationRequested)
            {
                // Cut off, or a body that never ends.
            }
        });

        Assert.InRange(answered, Scale.ProxyAttacks / 8, Scale.ProxyAttacks);
        Assert.InRange(served, Scale.ProxyAttacks / 8, Scale.ProxyAttacks * 2);
    }

    /// <summary>How many requests of the attacks were served.</summary>
    private static async Task<int> AttackAsync(ProxyWorld world, string scheme, Func<int, Task> attackAsync)
    {
        await using var own = new RecordingService(Own);
        await using var other = new RecordingService(Other);
        await world.UpAsync(own.Port);
        await world.UpAsync(other.Port, "other");
        using var isOver = new CancellationTokenSource();
        var honest = AskAsync(world, scheme, isOver.Token);

        await Parallel.ForEachAsync(
            Enumerable.Range(Scale.Seed * 1000, Scale.ProxyAttacks),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Now },
            async (seed, _) => await attackAsync(seed));
        await isOver.CancelAsync();
        var asked = await honest;

        string[] faults = [.. own.Faults(), .. other.Faults()];
        Assert.True(
            faults.Length == 0,
            $"{faults.Length} faults with SPEED_CHAOS_SEED={Scale.Seed}:\n{string.Join("\n\n", faults.Take(5).Select(fault => fault[..Math.Min(fault.Length, 2000)]))}");
        Assert.True(asked > 0);
        Scale.Say($"{Scale.ProxyAttacks} attacks over {scheme}: {own.Served + other.Served} requests served, {asked} of them honest; seed {Scale.Seed}");
        return own.Served + other.Served - asked;
    }

    // Each answer must be the one to what was asked: none is another client's.
    private static async Task<int> AskAsync(ProxyWorld world, string scheme, CancellationToken isOver)
    {
        var asked = 0;
        do
        {
            var host = asked % 2 == 0 ? Own : Other;
            Assert.Equal($"/honest-{asked}", await world.Client.GetStringAsync($"{scheme}://{host}/honest-{asked}", Now));
            asked++;
        }
        while (!isOver.IsCancellationRequested);
        return asked;
    }

    // In pieces, as a slow client would.
    private static async Task SendAsync(NetworkStream stream, byte[] bytes, Random random)
    {
        try
        {
            for (var from = 0; from < bytes.Length;)
            {
                var length = Math.Min(bytes.Length - from, random.Next(3) == 0 ? random.Next(1, 8) : random.Next(1, bytes.Length + 1));
                await stream.WriteAsync(bytes.AsMemory(from, length), Now);
                from += length;
            }
        }
        catch (IOException)
        {
            // Refused by what was sent already.
        }
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, Now).AsTask().WaitAsync(Patience, Now) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (Exception end) when (end is IOException or TimeoutException)
        {
            // Cut off, or a body that never ends.
        }

        return answer.ToString();
    }
}
