using System.Text;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>One step of a BuildKit build, as the log tells it.</summary>
internal sealed class BuildKitStep(DeploymentLog log)
{
    private readonly Dictionary<LogStream, MemoryStream> _rests = [];
    private readonly Dictionary<LogStream, StreamMask> _masks = [];
    private readonly HashSet<string> _endedTasks = [];
    private int _number;
    private bool _hasEnded;

    public bool IsAnnounced => _number > 0;

    public ValueTask AnnounceAsync(int number, string name, CancellationToken cancellationToken)
    {
        _number = number;
        return SayAsync(LogStream.Stdout, name, cancellationToken);
    }

    public async ValueTask WriteAsync(BuildKitOutput output, CancellationToken cancellationToken)
    {
        var stream = output.Stream == 2 ? LogStream.Stderr : LogStream.Stdout;
        await WriteMaskedAsync(stream, MaskOf(stream).Add(output.Bytes.Memory), cancellationToken);
    }

    public async ValueTask EndTaskAsync(string name, CancellationToken cancellationToken)
    {
        if (_endedTasks.Add(name))
        {
            await SayAsync(LogStream.Stdout, $"{name} done", cancellationToken);
        }
    }

    public async ValueTask EndAsync(string how, CancellationToken cancellationToken)
    {
        // A step may be told to end more than once.
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        await FlushAsync(cancellationToken);
        await SayAsync(LogStream.Stdout, how, cancellationToken);
    }

    /// <summary>Writes the last lines that have no line feed.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var (stream, mask) in _masks)
        {
            await WriteMaskedAsync(stream, mask.End(), cancellationToken);
        }

        foreach (var (stream, _) in _rests.Where(rest => rest.Value.Length > 0))
        {
            await FlushAsync(stream, cancellationToken);
        }
    }

    private async ValueTask WriteMaskedAsync(
        LogStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Rest(stream).Write(bytes.Span[..end]);
            await FlushAsync(stream, cancellationToken);
            bytes = bytes[(end + 1)..];
        }

        Rest(stream).Write(bytes.Span);
    }

    private async ValueTask FlushAsync(LogStream stream, CancellationToken cancellationToken)
    {
        var rest = Rest(stream);
        var line = Encoding.UTF8.GetString(rest.GetBuffer().AsSpan(0, (int)rest.Length));
        rest.SetLength(0);
        await SayAsync(stream, line, cancellationToken);

        if (line.StartsWith("[output clipped, log ", StringComparison.Ordinal))
        {
            await log.NoteGapAsync("the engine limits the output of a build step", cancellationToken);
        }
    }

    private ValueTask SayAsync(LogStream stream, string text, CancellationToken cancellationToken) =>
        log.WriteAsync(stream, $"#{_number} {text}", cancellationToken);

    private StreamMask MaskOf(LogStream stream) =>
        _masks.TryGetValue(stream, out var mask) ? mask : _masks[stream] = new StreamMask(log.Masker);

    private MemoryStream Rest(LogStream stream) =>
        _rests.TryGetValue(stream, out var rest) ? rest : _rests[stream] = new MemoryStream();
}
