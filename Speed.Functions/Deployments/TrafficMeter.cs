using System.Diagnostics.Metrics;

namespace Speed.Deployments;

/// <summary>What the proxy counts of its requests. Listen to it to make something of that.</summary>
public sealed class TrafficMeter : IDisposable
{
    public const string Requests = "proxy_requests";
    public const string Faults = "proxy_faults";
    public const string Dropped = "access_log_dropped";

    private readonly Meter _meter = new("Speed.Traffic");
    private readonly Counter<long> _requests;
    private readonly Counter<long> _faults;
    private readonly Counter<long> _dropped;

    public TrafficMeter()
    {
        _requests = _meter.CreateCounter<long>(Requests);
        _faults = _meter.CreateCounter<long>(Faults);
        _dropped = _meter.CreateCounter<long>(Dropped);
    }

    /// <summary>False for the instruments of others in this process.</summary>
    public bool Owns(Instrument instrument) => instrument.Meter == _meter;

    /// <param name="service">What it is called by itself; empty where no service was meant.</param>
    public void Answered(string service, int status) => _requests.Add(1, new("service", service), new("status", status));

    /// <param name="reason">A word of the access log.</param>
    public void Failed(string service, string reason) => _faults.Add(1, new("service", service), new("reason", reason));

    public void LinesDropped(long lines) => _dropped.Add(lines);

    public void Dispose() => _meter.Dispose();
}
