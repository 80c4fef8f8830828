using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// The connections of the socket in containers. All programs share it, and one that opens connections without end must not
/// take it from the others. Each deployment may have so many; one that has not yet shown whose it is has ten seconds for
/// that, and of those there are 256 at most. Whoever has one too many loses the one that was used longest ago, so that a new
/// one always gets in.
/// </summary>
internal sealed class ReportConnections(IOptions<DeploymentSettings> settings, TimeProvider time)
{
    /// <summary>How many there may be of which nobody knows whose they are.</summary>
    public const int MostUnproved = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _changing = new();
    private readonly HashSet<ReportConnection> _unproved = [];
    private readonly Dictionary<string, HashSet<ReportConnection>> _proved = [];
    private long _uses;

    /// <summary>Serves a connection, and keeps it in mind until it is over.</summary>
    public async Task ServeAsync(ConnectionContext context, ConnectionDelegate next)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        var connection = new ReportConnection(this, context, OriginOf(context), patience);
        await using var late = patience.Token.Register(connection.Close);
        context.Features.Set(connection);
        Enter(connection);
        try
        {
            await next(context);
        }
        finally
        {
            Leave(connection);
        }
    }

    /// <summary>Notes a request, and at the first one whose connection it is.</summary>
    internal void Begin(ReportConnection connection, string caller)
    {
        ReportConnection? surplus = null;
        lock (_changing)
        {
            (connection.UsedAt, connection.Requests) = (++_uses, connection.Requests + 1);
            if (_unproved.Remove(connection))
            {
                connection.Caller = caller;
                var own = _proved.TryGetValue(caller, out var known) ? known : _proved[caller] = [];
                own.Add(connection);
                surplus = own.Count > settings.Value.ReportConnections ? TakeOut(own, own) : null;
            }
        }

        surplus?.Close();
    }

    /// <summary>Notes that a request was answered.</summary>
    internal void End(ReportConnection connection)
    {
        lock (_changing)
        {
            connection.Requests--;
        }
    }

    private void Enter(ReportConnection connection)
    {
        ReportConnection? surplus = null;
        lock (_changing)
        {
            connection.UsedAt = ++_uses;
            _unproved.Add(connection);
            // Of whoever has most of them: nobody's are pushed out by another's.
            surplus = _unproved.Count > MostUnproved
                ? TakeOut(_unproved, _unproved.GroupBy(one => one.Origin).MaxBy(own => own.Count())!)
                : null;
        }

        surplus?.Close();
    }

    private void Leave(ReportConnection connection)
    {
        lock (_changing)
        {
            _unproved.Remove(connection);
            if (connection.Caller is { } caller && _proved.TryGetValue(caller, out var own))
            {
                own.Remove(connection);
                if (own.Count == 0)
                {
                    _proved.Remove(caller);
                }
            }
        }
    }

    // One without a request, unless all have one.
    private static ReportConnection TakeOut(HashSet<ReportConnection> all, IEnumerable<ReportConnection> own)
    {
        var surplus = own.MinBy(one => (one.Requests > 0, one.UsedAt))!;
        all.Remove(surplus);
        return surplus;
    }

    // The control group of whoever connects: a container's programs have one of their own, and cannot leave it. Where that
    // cannot be told, for SPEED is in a container itself, or who connected is gone, all are one.
    private static string OriginOf(ConnectionContext context)
    {
        const int SolSocket = 1;
        const int SoPeerCred = 17;
        if (!OperatingSystem.IsLinux() || context.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            return "";
        }

        try
        {
            // Process, user, group.
            Span<int> credentials = stackalloc int[3];
            socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
            return File.ReadAllText($"/proc/{credentials[0]}/cgroup");
        }
        catch (Exception fault) when (fault is SocketException or IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>One connection, among the features of each request that comes on it.</summary>
/// <param name="origin">Where it comes from, as far as that can be told before it has shown a key.</param>
/// <param name="patience">Closes it at its end.</param>
internal sealed class ReportConnection(
    ReportConnections connections, ConnectionContext context, string origin, CancellationTokenSource patience)
{
    public string Origin { get; } = origin;

    /// <summary>Whose it is; null until a request has shown that.</summary>
    public string? Caller { get; set; }

    /// <summary>Higher for what was used later.</summary>
    public long UsedAt { get; set; }

    /// <summary>Those that are not yet answered.</summary>
    public int Requests { get; set; }

    /// <summary>Begins a request; it ends when what is given is disposed of.</summary>
    /// <param name="caller">Who has shown a good key. Whose the connection is, the first one says.</param>
    public IDisposable Begin(string caller)
    {
        connections.Begin(this, caller);
        patience.CancelAfter(Timeout.InfiniteTimeSpan);
        return new Use(connections, this);
    }

    public void Close() => context.Abort(new ConnectionAbortedException("It made room for another, or showed no key."));

    private sealed class Use(ReportConnections connections, ReportConnection connection) : IDisposable
    {
        public void Dispose() => connections.End(connection);
    }
}
