using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Speed.Tests.Runners;

namespace Speed.Tests.Chaos;

/// <summary>
/// A socket between SPEED and the engine that hands everything on, and stops the world at one chosen request: there
/// a test does what it likes. What would have followed on that connection never arrives.
/// </summary>
internal sealed class EngineProxy : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("speed-proxy-");
    private readonly CancellationTokenSource _over = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _engine;
    private readonly Task _accepting;
    private Trap? _trap;

    /// <param name="endpoint">The engine of the other tests unless given. A Unix socket.</param>
    public EngineProxy(string? endpoint = null)
    {
        _engine = new Uri(endpoint ?? DockerWorld.Endpoint).AbsolutePath;
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen(100);
        _accepting = AcceptAsync();
    }

    public string Endpoint => $"unix://{Path}";

    /// <summary>So much later does what a container says come to whoever is attached to it.</summary>
    public TimeSpan AttachLag { get; init; }

    private string Path => System.IO.Path.Combine(_folder.FullName, "engine.sock");

    /// <summary>
    /// Does this once, when a request comes whose first line matches. Completes when it is done.
    /// </summary>
    public Task AtAsync(string request, Moment moment, Func<Task> act)
    {
        var trap = new Trap(new Regex(request), moment, act);
        _trap = trap;
        return trap.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _over.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_over.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            try
            {
                await engine.ConnectAsync(new UnixDomainSocketEndPoint(_engine), _over.Token);
                var connection = new Connection(this);
                await Task.WhenAny(
                    CopyAsync(client, engine, connection.SentAsync),
                    CopyAsync(engine, client, connection.AnsweredAsync));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // One of the two is gone: so is the other's connection.
            }
        }
    }

    // Hands on what came after asking whether it may.
    private async Task CopyAsync(
        Socket from, Socket to, Func<ReadOnlyMemory<byte>, Func<Task>, Task<bool>> ask)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var count = await from.ReceiveAsync(buffer, _over.Token);
            if (count == 0)
            {
                return;
            }

            var bytes = buffer.AsMemory(0, count);
            if (!await ask(bytes, async () => await to.SendAsync(bytes, _over.Token)))
            {
                return;
            }
        }
    }

    private Trap? Spring(Trap trap) => Interlocked.CompareExchange(ref _trap, null, trap) == trap ? trap : null;

    /// <summary>One connection, on which requests follow one another.</summary>
    private sealed class Connection(EngineProxy proxy)
    {
        private Trap? _atAnswer;
        private bool _isAttached;

        public async Task<bool> SentAsync(ReadOnlyMemory<byte> bytes, Func<Task> handOn)
        {
            // The client writes a request's head at once, so a first line begins what is received.
            var line = Encoding.ASCII.GetString(bytes.Span[..Math.Min(bytes.Length, 200)]).Split('\r')[0];
            _isAttached |= line.Contains("/attach", StringComparison.Ordinal);
            if (proxy._trap is not { } trap || !trap.Request.IsMatch(line))
            {
                await handOn();
                return true;
            }

            if (trap.Moment == Moment.Answered)
            {
                _atAnswer = trap;
                await handOn();
                return true;
            }

            if (proxy.Spring(trap) is null)
            {
                return false;
            }

            if (trap.Moment == Moment.Sent)
            {
                await handOn();
            }

            await trap.ActAsync();
            return false;
        }

        public async Task<bool> AnsweredAsync(ReadOnlyMemory<byte> bytes, Func<Task> handOn)
        {
            if (_atAnswer is { } trap && proxy.Spring(trap) is not null)
            {
                await trap.ActAsync();
                return false;
            }

            await handOn();
            await Task.Delay(_isAttached ? proxy.AttachLag : TimeSpan.Zero, proxy._over.Token);
            return true;
        }
    }

    private sealed record Trap(Regex Request, Moment Moment, Func<Task> Act)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task ActAsync()
        {
            try
            {
                await Act();
                Done.SetResult();
            }
            catch (Exception exception)
            {
                Done.SetException(exception);
            }
        }
    }
}

/// <summary>Where on a request's way the world stops.</summary>
public enum Moment
{
    /// <summary>The engine has not heard of it.</summary>
    Asked,

    /// <summary>The engine has it; nobody waits for the answer.</summary>
    Sent,

    /// <summary>The engine has begun to answer; SPEED has not heard.</summary>
    Answered,
}
