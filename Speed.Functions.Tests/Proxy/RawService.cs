using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Speed.Tests.Proxy;

/// <summary>A service of a bare socket, which does with each connection what a script says: reads late, closes early.</summary>
internal sealed class RawService : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<RawConnection, Task> _serve;
    private readonly Task _accepting;
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private int _connections;

    /// <param name="serve">Serves one connection, which is closed behind it.</param>
    public RawService(Func<RawConnection, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many there were.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var all = new List<Task>();
        try
        {
            while (true)
            {
                all.Add(ServeAsync(await _listener.AcceptTcpClientAsync(), Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception end) when (end is SocketException or InvalidOperationException)
        {
            // Stopped.
        }

        await Task.WhenAll(all);
    }

    private async Task ServeAsync(TcpClient client, int number)
    {
        _clients.Add(client);
        using (client)
        {
            try
            {
                await _serve(new RawConnection(client, number));
            }
            catch (Exception end) when (end is IOException or ObjectDisposedException)
            {
                // The proxy has let go of it, or the test is over.
            }
        }
    }
}

/// <param name="Number">From 1.</param>
internal sealed record RawConnection(TcpClient Client, int Number)
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public Stream Stream { get; } = Client.GetStream();

    /// <summary>The next request's head, its lines with a line feed each; null at the end of the connection.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await Stream.ReadAsync(one, Now) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString()[..^4].Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    public async Task SayAsync(string text) => await Stream.WriteAsync(Encoding.Latin1.GetBytes(text), Now);

    /// <summary>An answer with a length.</summary>
    public Task AnswerAsync(string text, int status = 200) =>
        SayAsync($"HTTP/1.1 {status} Said\r\nContent-Length: {text.Length}\r\n\r\n{text}");
}

/// <summary>A client that sends what it is told to, byte for byte.</summary>
internal static class RawClient
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<TcpClient> SendAsync(Uri server, string request)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, server.Port, Now);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Now);
        return client;
    }

    /// <summary>All that comes until the connection ends: ask for that with the request.</summary>
    public static async Task<string> AskAsync(Uri server, string request)
    {
        using var client = await SendAsync(server, request);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync(Now);
    }

    /// <summary>Reads until this has come, and gives all up to its end.</summary>
    public static async Task<string> ReadToAsync(TcpClient client, string last)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith(last, StringComparison.Ordinal))
        {
            Assert.True(await client.GetStream().ReadAsync(one, Now) == 1, $"No '{last}' in '{text}'");
            text.Append((char)one[0]);
        }

        return text.ToString();
    }
}
