using System.Diagnostics.Metrics;
using Prometheus;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// The numbers that <c>GET /metrics</c> tells, each of this process since it began. Labels have few values: words of the
/// contract, names of functions and of a bounded number of services, never ids or addresses.
/// </summary>
public sealed class SpeedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Prometheus.Histogram _commits;
    private readonly Prometheus.Counter _lines;
    private readonly Prometheus.Counter _bytes;

    private readonly Prometheus.Counter _proxied;
    private readonly Prometheus.Counter _faults;
    private readonly Prometheus.Counter _dropped;
    private readonly ServiceLabels _services;

    public SpeedMetrics(StoreMeter store, TrafficMeter traffic, OpenStreams streams, TimeProvider time)
    {
        var make = Metrics.WithCustomRegistry(Registry);
        QueueLength = make.CreateGauge("speed_queue_length", "Deployments that wait.");
        Running = make.CreateGauge("speed_running", "Deployments at work, a leader's too.");
        WaitSeconds = make.CreateHistogram(
            "speed_wait_seconds", "From created to started.", new HistogramConfiguration { Buckets = Long });
        PhaseSeconds = make.CreateHistogram(
            "speed_phase_seconds", "How long a phase took, by how it ended.", ["phase", "status"],
            new HistogramConfiguration { Buckets = Long });
        Outcomes = make.CreateCounter(
            "speed_outcomes_total", "Ended deployments by status and failure code.", ["status", "code"]);
        Requests = make.CreateCounter(
            "speed_http_requests_total", "Answered requests; function is empty where there is none.",
            ["function", "status"]);
        _commits = make.CreateHistogram(
            "speed_commit_seconds", "How long a commit took, fsync and all.", ["database"],
            new HistogramConfiguration { Buckets = Prometheus.Histogram.ExponentialBuckets(0.0001, 2, 16) });
        _lines = make.CreateCounter("speed_log_lines_total", "Log lines stored.");
        _bytes = make.CreateCounter("speed_log_bytes_total", "Bytes of log lines stored.");
        var open = make.CreateGauge("speed_open_streams", "Answers that are open for what is still to come.");
        Registry.AddBeforeCollectCallback(() => open.Set(streams.Count));
        _proxied = make.CreateCounter(
            "speed_proxy_requests_total", "Requests at the proxy, by service and class of status.", ["service", "status"]);
        _faults = make.CreateCounter(
            "speed_proxy_faults_total", "Requests that the proxy could not pass on in full, by service and reason.",
            ["service", "reason"]);
        _dropped = make.CreateCounter("speed_access_log_dropped_lines_total", "Lines that the access log could not take.");
        _services = new ServiceLabels(time, _proxied, _faults);
        Listen(store, traffic);
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public Gauge QueueLength { get; }

    public Gauge Running { get; }

    public Prometheus.Histogram WaitSeconds { get; }

    public Prometheus.Histogram PhaseSeconds { get; }

    public Prometheus.Counter Outcomes { get; }

    public Prometheus.Counter Requests { get; }

    // A tenth of a second to some nine hours.
    private static double[] Long => Prometheus.Histogram.ExponentialBuckets(0.1, 2.5, 15);

    public void Dispose() => _listener.Dispose();

    private void Listen(StoreMeter store, TrafficMeter traffic)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (store.Owns(instrument) || traffic.Owns(instrument))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
            _commits.WithLabels((string)tags[0].Value!).Observe(seconds));
        _listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) => Count(instrument.Name, count, tags));
        _listener.Start();
    }

    private void Count(string name, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        switch (name)
        {
            case StoreMeter.LogLines:
                _lines.Inc(count);
                break;
            case StoreMeter.LogBytes:
                _bytes.Inc(count);
                break;
            case TrafficMeter.Requests:
                var status = (int)tags[1].Value!;
                _proxied.WithLabels(_services.Of((string)tags[0].Value!), $"{status / 100}xx").Inc(count);
                break;
            case TrafficMeter.Faults:
                _faults.WithLabels(_services.Of((string)tags[0].Value!), (string)tags[1].Value!).Inc(count);
                break;
            case TrafficMeter.Dropped:
                _dropped.Inc(count);
                break;
        }
    }
}
