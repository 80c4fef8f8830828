namespace Speed.Endpoints;

/// <summary>
/// Which services have numbers of their own: two hundred at most. A preview of each branch would else leave its numbers for
/// ever. Where there are more, one that nobody has asked for an hour makes room, and with none such a new one is <c>other</c>.
/// </summary>
internal sealed class ServiceLabels(TimeProvider time, params Prometheus.Counter[] counters)
{
    public const int Most = 200;
    public const string Other = "other";

    private static readonly TimeSpan MostQuiet = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _asked = [];

    /// <summary>By which label a request for this service counts.</summary>
    public string Of(string service)
    {
        lock (_lock)
        {
            if (!_asked.ContainsKey(service) && _asked.Count >= Most && !MadeRoom())
            {
                return Other;
            }

            _asked[service] = time.GetTimestamp();
            return service;
        }
    }

    private bool MadeRoom()
    {
        var (quietest, at) = _asked.MinBy(one => one.Value);
        if (time.GetElapsedTime(at) < MostQuiet)
        {
            return false;
        }

        _asked.Remove(quietest);
        foreach (var counter in counters)
        {
            foreach (var labels in counter.GetAllLabelValues().Where(labels => labels[0] == quietest))
            {
                counter.RemoveLabelled(labels);
            }
        }

        return true;
    }
}
