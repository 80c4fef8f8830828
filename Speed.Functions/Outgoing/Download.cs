namespace Speed.Outgoing;

/// <summary>An answer whose body has begun to come.</summary>
public sealed class Download : IDisposable
{
    private const int FirstBytes = 16 * 1024;

    private readonly HttpClient _client;
    private readonly HttpResponseMessage _answer;
    private readonly Stream _body;
    private ReadOnlyMemory<byte> _first;

    private Download(Uri url, HttpClient client, HttpResponseMessage answer, Stream body, ReadOnlyMemory<byte> first)
    {
        (_client, _answer, _body, _first) = (client, answer, body, first);
        Url = url;
        Status = (int)answer.StatusCode;
        RedirectTarget = RedirectOf(url, answer);
    }

    /// <summary>What was asked for at last, after all redirects.</summary>
    public Uri Url { get; }

    public int Status { get; }

    /// <summary>Where the answer leads; null if it leads nowhere.</summary>
    public Uri? RedirectTarget { get; }

    /// <summary>Null where the server says nothing of it, or no time that can be read.</summary>
    public DateTimeOffset? LastModified => _answer.Content.Headers.LastModified;

    /// <summary>Takes over client and answer, and waits for the first of the body, unless the answer leads elsewhere.</summary>
    public static async Task<Download> BeginAsync(
        Uri url, HttpClient client, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var first = new byte[FirstBytes];
            var length = RedirectOf(url, answer) is null ? await ReadAsync(body, first, cancellationToken) : 0;
            return new Download(url, client, answer, body, first.AsMemory(0, length));
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads on in the body; 0 at its end. Throws <see cref="HttpRequestException"/> where it breaks off.
    /// </summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_first.IsEmpty)
        {
            return await ReadAsync(_body, buffer, cancellationToken);
        }

        var length = Math.Min(_first.Length, buffer.Length);
        _first[..length].CopyTo(buffer);
        _first = _first[length..];
        return length;
    }

    public void Dispose()
    {
        _answer.Dispose();
        _client.Dispose();
    }

    private static async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            throw new HttpRequestException("The answer broke off.", fault);
        }
    }

    private static Uri? RedirectOf(Uri url, HttpResponseMessage answer) =>
        (int)answer.StatusCode is 301 or 302 or 303 or 307 or 308
        && answer.Headers.Location is { } location && Uri.TryCreate(url, location, out var target)
            ? target
            : null;
}
