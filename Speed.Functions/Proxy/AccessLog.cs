using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Speed.Deployments;

namespace Speed.Proxy;

/// <summary>
/// A line of JSON for each request, written beside the requests and never waited for by any: what a full or slow disk does
/// not take is dropped, counted, and said, in SPEED's log and in the file once it can be written again.
/// </summary>
internal sealed partial class AccessLog(ProxySettings settings, TimeProvider time, TrafficMeter? meter, ILogger logger) : IDisposable
{
    /// <summary>How many lines wait for a slow disk.</summary>
    public const int MostWaiting = 8192;

    private const int MostOfBatch = 256;

    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // It is no part of any page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Channel<AccessLine> _lines = Channel.CreateBounded<AccessLine>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    private readonly AccessLogFile _file = new(settings.AccessLog!, settings.AccessLogMaxBytes, time);
    private Task _writing = Task.CompletedTask;
    private long _dropped;
    private long _told;
    private bool _isFailing;

    /// <summary>
    /// Begins. Throws <see cref="OptionsValidationException"/>, whose sentence names the setting, where the file cannot be
    /// written to.
    /// </summary>
    public void Open()
    {
        try
        {
            _file.Open();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            const string Setting = "Speed__Proxy__AccessLog";
            throw new OptionsValidationException(
                Setting, typeof(ProxySettings), [$"{Setting} must be a file that can be written to, or '-' for standard output: {fault.Message}"]);
        }

        _writing = Task.Run(WriteAsync);
    }

    public void Add(AccessLine line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Drop(1);
        }
    }

    /// <summary>Writes what waits, for two seconds at most.</summary>
    public async Task CloseAsync()
    {
        _lines.Writer.TryComplete();
        try
        {
            await _writing.WaitAsync(LastLines);
        }
        catch (TimeoutException)
        {
            NotWrittenAtTheEnd(_lines.Reader.Count);
        }
    }

    public void Dispose() => _file.Dispose();

    private async Task WriteAsync()
    {
        var batch = new List<AccessLine>();
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (batch.Count < MostOfBatch && _lines.Reader.TryRead(out var line))
            {
                batch.Add(line);
            }

            await WriteAsync(batch);
            batch.Clear();
        }

        _file.Dispose();
    }

    private async Task WriteAsync(List<AccessLine> batch)
    {
        var dropped = Interlocked.Read(ref _dropped);
        try
        {
            using var text = new MemoryStream();
            if (dropped > _told)
            {
                await JsonSerializer.SerializeAsync(text, new DroppedLine(time.GetUtcNow(), dropped - _told), Json);
                text.WriteByte((byte)'\n');
            }

            foreach (var line in batch)
            {
                await JsonSerializer.SerializeAsync(text, line, Json);
                text.WriteByte((byte)'\n');
            }

            if (await _file.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length)) is { } reason)
            {
                NotMovedAway(settings.AccessLog!, reason);
            }

            NoteWritten(dropped);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Drop(batch.Count);
            NoteUnwritten(fault.Message);
        }
    }

    private void Drop(int lines)
    {
        Interlocked.Add(ref _dropped, lines);
        meter?.LinesDropped(lines);
    }

    // Once, and not with every batch until it is over.
    private void NoteUnwritten(string reason)
    {
        if (!_isFailing)
        {
            _isFailing = true;
            NotWritten(settings.AccessLog!, reason);
        }
    }

    private void NoteWritten(long dropped)
    {
        if (dropped > _told)
        {
            WrittenAgain(settings.AccessLog!, dropped - _told);
        }

        (_isFailing, _told) = (false, dropped);
    }

    [LoggerMessage(LogLevel.Warning, "The access log {File} cannot be written, and its lines are dropped until it can: {Reason}")]
    private partial void NotWritten(string file, string reason);

    [LoggerMessage(LogLevel.Warning, "The access log {File} has grown too large, cannot be moved away, and grows on: {Reason}")]
    private partial void NotMovedAway(string file, string reason);

    [LoggerMessage(LogLevel.Warning, "The access log {File} is written again; {Lines} lines were dropped")]
    private partial void WrittenAgain(string file, long lines);

    [LoggerMessage(LogLevel.Warning, "The last {Lines} lines of the access log were not written in time")]
    private partial void NotWrittenAtTheEnd(int lines);

    private sealed record DroppedLine(DateTimeOffset Time, long Dropped);
}
