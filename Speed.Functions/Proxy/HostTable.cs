using System.Net;
using Microsoft.Extensions.Logging;
using Speed.Deployments;
using Speed.Security;

namespace Speed.Proxy;

/// <summary>
/// Which service is meant by which host. Looked up anew by the first request after a change, so that a request never
/// sees less than whoever made it.
/// </summary>
internal sealed partial class HostTable(
    IServiceStore services, Bell bell, AccessSettings access, ILogger<HostTable> logger) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private HashSet<Refused> _told = [];
    private bool _isUnreadable;
    private volatile Look _last = Look.None;

    /// <summary>What the store says now; what it said last where it cannot be read.</summary>
    public ValueTask<Look> LookAsync(CancellationToken cancellationToken)
    {
        var last = _last;
        return last.IsOld ? new ValueTask<Look>(ReplaceAsync(last, cancellationToken)) : new ValueTask<Look>(last);
    }

    /// <summary>One that was taken after <paramref name="seen"/>.</summary>
    public Task<Look> LookAgainAsync(Look seen, CancellationToken cancellationToken) =>
        ReplaceAsync(seen, cancellationToken);

    public void Dispose() => _reading.Dispose();

    private async Task<Look> ReplaceAsync(Look seen, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_last == seen || _last.IsOld)
            {
                _last = await ReadAsync(cancellationToken);
                NoteReadable();
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            NoteUnreadable(fault);
        }
        finally
        {
            _reading.Release();
        }

        return _last;
    }

    // Once, and not with every request until it is over.
    private void NoteUnreadable(Exception fault)
    {
        if (!_isUnreadable)
        {
            _isUnreadable = true;
            NotRead(fault);
        }
    }

    private void NoteReadable()
    {
        if (_isUnreadable)
        {
            _isUnreadable = false;
            ReadAgain();
        }
    }

    private async Task<Look> ReadAsync(CancellationToken cancellationToken)
    {
        var ring = bell.Next(Bell.Changes);
        var kept = (await services.ListServicesAsync(cancellationToken))
            .Where(service => service.Endpoints.Count > 0).ToList();
        var routes = new Dictionary<string, Route>();
        // First: nobody gets another's own name by a branch that is called like it.
        await GiveAsync(routes, kept, service => service.OwnHosts, isNamed: false, cancellationToken);
        await GiveAsync(routes, kept, BriefHostOf, isNamed: false, cancellationToken);
        var refused = await GiveAsync(routes, kept, HostsOf, isNamed: true, cancellationToken);
        foreach (var one in refused.Except(_told))
        {
            HostIsTaken(one.Id, one.Host, one.Holder);
        }

        _told = [.. refused];
        return new Look(routes, ring);
    }

    // Where several want one name, the one whose like had it first keeps it, up or not. Gives those that wanted it too.
    private async Task<List<Refused>> GiveAsync(
        Dictionary<string, Route> routes, List<Deployment> kept, Func<Deployment, IEnumerable<string>> names,
        bool isNamed, CancellationToken cancellationToken)
    {
        var refused = new List<Refused>();
        // Never a name of SPEED itself: whoever had it would be sent what belongs to SPEED.
        var wishes = kept.SelectMany(names, (service, host) => (Host: host, Service: service))
            .Where(wish => !access.IsAllowedHost(wish.Host))
            .GroupBy(wish => wish.Host, wish => wish.Service);
        foreach (var wish in wishes)
        {
            var wishing = wish.ToList();
            var holder = wishing.Count == 1
                ? wishing[0]
                : await FindEldestAsync(wishing, isNamed ? wish.Key : null, cancellationToken);
            routes.TryAdd(
                wish.Key,
                new Route(holder.Id, holder.UpAt is null ? null : holder.ProxyEndpoint?.Url, NameOf(holder)));
            refused.AddRange(wishing.Where(service => service != holder)
                .Select(service => new Refused(service.Id, wish.Key, holder.Id)));
        }

        return refused;
    }

    private async Task<Deployment> FindEldestAsync(
        List<Deployment> wishing, string? host, CancellationToken cancellationToken)
    {
        long[] ids = [.. wishing.Select(service => service.Id)];
        var eldest = await services.FindEldestAsync(ids, host, cancellationToken);
        return wishing.Find(service => service.Id == eldest) ?? wishing[0];
    }

    // The same for all deployments of a service.
    private static string NameOf(Deployment service) => service.OwnHosts is [var own, ..] ? own : ServiceName.Own(service);

    private static IEnumerable<string> BriefHostOf(Deployment service) =>
        service.BriefHost is { } host ? [host] : [];

    // Addresses are SPEED's own as well.
    private static IEnumerable<string> HostsOf(Deployment service) =>
        service.Options.Hosts.Where(host => !IPAddress.TryParse(host, out _));

    [LoggerMessage(LogLevel.Warning, "Deployment {Id} names host {Host}, which stays with deployment {Holder}")]
    private partial void HostIsTaken(long id, string host, long holder);

    [LoggerMessage(LogLevel.Error, "The services could not be read; requests go by what was read last")]
    private partial void NotRead(Exception fault);

    [LoggerMessage(LogLevel.Information, "The services were read again")]
    private partial void ReadAgain();

    private sealed record Refused(long Id, string Host, long Holder);
}

/// <summary>Where requests for a service go.</summary>
/// <param name="Destination">Scheme, address and port; null while it is not up.</param>
/// <param name="Service">What the service is called, now and after its next swap.</param>
internal sealed record Route(long Id, string? Destination, string Service);

/// <summary>The hosts as they were at one moment.</summary>
internal sealed class Look(IReadOnlyDictionary<string, Route> routes, Task ring)
{
    public static Look None { get; } = new(new Dictionary<string, Route>(), Task.CompletedTask);

    /// <summary>True once something has changed since.</summary>
    public bool IsOld => ring.IsCompleted;

    /// <param name="host">As a client spells it, without port.</param>
    public Route? Find(string host) => routes.GetValueOrDefault(host.TrimEnd('.').ToLowerInvariant());
}
