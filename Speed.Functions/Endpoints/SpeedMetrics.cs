using System.Diagnostics.Metrics;
using Prometheus;
using Speed.Deployments;

namespace Speed.Endpoints;

/// <summary>
/// The numbers that <c>GET /metrics</c> tells, each of this process since it began. Labels have few values: words of the
/// contract, names of functions, never ids or addresses.
/// </summary>
public sealed class SpeedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Prometheus.Histogram _commits;
    private readonly Prometheus.Counter _lines;
    private readonly Prometheus.Counter _bytes;

    public SpeedMetrics(StoreMeter store, OpenStreams streams)
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
        Listen(store);
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

    private void Listen(StoreMeter store)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (store.Owns(instrument))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
            _commits.WithLabels((string)tags[0].Value!).Observe(seconds));
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
            (instrument.Name == StoreMeter.LogLines ? _lines : _bytes).Inc(count));
        _listener.Start();
    }
}
