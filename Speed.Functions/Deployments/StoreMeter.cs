using System.Diagnostics.Metrics;

namespace Speed.Deployments;

/// <summary>What the stores measure of their own work. Listen to it to make something of that.</summary>
public sealed class StoreMeter : IDisposable
{
    public const string CommitSeconds = "commit_seconds";
    public const string LogLines = "log_lines";
    public const string LogBytes = "log_bytes";

    /// <summary>The name of the tag that says which database it was.</summary>
    public const string Database = "database";

    private readonly Meter _meter = new("Speed.Store");
    private readonly Histogram<double> _commits;
    private readonly Counter<long> _lines;
    private readonly Counter<long> _bytes;

    public StoreMeter()
    {
        _commits = _meter.CreateHistogram<double>(CommitSeconds);
        _lines = _meter.CreateCounter<long>(LogLines);
        _bytes = _meter.CreateCounter<long>(LogBytes);
    }

    /// <summary>False for the instruments of others in this process.</summary>
    public bool Owns(Instrument instrument) => instrument.Meter == _meter;

    /// <param name="database">As its file is called, without the extension.</param>
    public void Committed(string database, TimeSpan took) =>
        _commits.Record(took.TotalSeconds, new KeyValuePair<string, object?>(Database, database));

    /// <param name="bytes">Of the text with its line feeds.</param>
    public void LogStored(int lines, long bytes)
    {
        _lines.Add(lines);
        _bytes.Add(bytes);
    }

    public void Dispose() => _meter.Dispose();
}
