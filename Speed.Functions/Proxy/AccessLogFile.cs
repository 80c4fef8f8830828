namespace Speed.Proxy;

/// <summary>
/// The file of the access log, or standard output. It is opened anew each second in which it is written, so that a file that
/// was moved away stays as it is and another one is begun; and moved away itself where it has grown too large.
/// </summary>
/// <param name="most">Bytes; 0: it may grow.</param>
internal sealed class AccessLogFile(string path, long most, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    private Stream? _stream;
    private long _openedAt;
    private long? _triedAt;

    public void Open()
    {
        if (path == "-")
        {
            _stream ??= Console.OpenStandardOutput();
            return;
        }

        if (_stream is not null && time.GetElapsedTime(_openedAt) < OpenFor)
        {
            return;
        }

        Dispose();
        // For reading as well: else opening a pipe waits until somebody reads it.
        _stream = new FileStream(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
        _openedAt = time.GetTimestamp();
    }

    /// <summary>Writes whole lines, all of them or none. Throws <see cref="IOException"/> and its like.</summary>
    /// <returns>Why a file that has grown too large could not be moved away; null where nothing is to be told.</returns>
    public async Task<string?> WriteAsync(ReadOnlyMemory<byte> lines)
    {
        Open();
        var stream = _stream!;
        if (!stream.CanSeek)
        {
            await stream.WriteAsync(lines);
            await stream.FlushAsync();
            return null;
        }

        // Others may have cut it.
        var before = stream.Seek(0, SeekOrigin.End);
        try
        {
            await stream.WriteAsync(lines);
        }
        catch (IOException)
        {
            stream.SetLength(before);
            throw;
        }

        return most > 0 && stream.Length >= most && IsOurs() ? MoveAway() : null;
    }

    // The lines are written in any case. What stands under the name by now may be another file, just begun.
    private string? MoveAway()
    {
        if (_triedAt is { } tried && time.GetElapsedTime(tried) < TryAgainAfter)
        {
            return null;
        }

        try
        {
            Dispose();
            if (new FileInfo(path) is { Exists: true } now && now.Length >= most)
            {
                File.Move(path, $"{path}.1", overwrite: true);
            }

            _triedAt = null;
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _triedAt = time.GetTimestamp();
            return fault.Message;
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    // A link leads to what somebody else may own, such as /dev/stdout.
    private bool IsOurs() => path != "-" && new FileInfo(path).LinkTarget is null;
}
