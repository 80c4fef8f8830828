using System.Net;
using System.Net.Sockets;

namespace Speed.Proxy;

/// <summary>
/// One request to a service and its answer, on one connection. Both are on their way at once: an answer counts from the
/// moment it comes, even where the service took no more than the head of the request, and closed.
/// </summary>
/// <param name="mayStay">Whether the connection may serve another request afterwards.</param>
/// <param name="done">Told once, when both sides are through: whether it can.</param>
internal sealed class ServiceExchange(
    ServiceConnection connection, HttpRequestMessage request, RequestLine line, bool mayStay, int mostOfHead, TimeProvider time,
    Action<bool> done)
{
    // A server that knows nothing of it says nothing, and waits.
    private static readonly TimeSpan MostUnasked = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostWithoutProgress = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _before = connection.Received;
    private int _halves = 2;
    private volatile bool _isAnswered;
    private volatile bool _isBroken;

    /// <summary>The answer, once its head is here. Throws <see cref="NoAnswerException"/>.</summary>
    public async Task<HttpResponseMessage> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SendHeadAsync(cancellationToken);
            // Who gave the body waits for it, and ends it.
            _ = SendBodyAsync(cancellationToken);
            return Answer(await ReadHeadAsync(cancellationToken));
        }
        catch (Exception fault)
        {
            _isBroken = true;
            _asked.TrySetResult();
            connection.Dispose();
            throw NoAnswer(fault) ?? fault;
        }
    }

    private async Task SendHeadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await connection.SendAsync(line.Write(request, isLast: !mayStay), cancellationToken);
        }
        catch (SocketException)
        {
            // It may have answered before it closed.
            _isBroken = true;
        }
    }

    // Never throws: who reads the answer finds the connection closed, and who gave the body knows what was wrong with it.
    private async Task SendBodyAsync(CancellationToken cancellationToken)
    {
        if (!line.HasBody || _isBroken)
        {
            EndHalf(isBroken: line.HasBody);
            return;
        }

        var body = new RequestBody(connection, isChunked: line.Length is null);
        try
        {
            if (request.Headers.NonValidated.Contains("Expect"))
            {
                await Task.WhenAny(_asked.Task, Task.Delay(MostUnasked, time, cancellationToken));
            }

            if (_isAnswered || _isBroken)
            {
                EndHalf(isBroken: true);
                return;
            }

            await request.Content!.CopyToAsync(body, null, cancellationToken);
            await body.EndAsync(cancellationToken);
        }
        catch (Exception) when (body.IsRefused)
        {
            // It may answer all the same, or have done so.
        }
        catch (Exception)
        {
            // The client's fault: what came must not look like all of it.
            connection.Dispose();
            EndHalf(isBroken: true);
            return;
        }

        EndHalf(body.IsRefused);
    }

    private async Task<AnswerHead> ReadHeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var head = await AnswerHead.ReadAsync(connection, mostOfHead, cancellationToken) ?? throw new EndOfStreamException();
            _isAnswered = head.Status is >= 200 or (int)HttpStatusCode.SwitchingProtocols;
            if (_isAnswered || head.Status == (int)HttpStatusCode.Continue)
            {
                _asked.TrySetResult();
            }

            if (_isAnswered)
            {
                return head;
            }
        }
    }

    private HttpResponseMessage Answer(AnswerHead head)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)head.Status)
        {
            Version = head.Version,
            ReasonPhrase = head.Reason,
            RequestMessage = request,
        };
        var length = head.IsCoded ? null : head.Length;
        answer.Content = new AnswerContent(Body(head, length, answer));
        // Once, however often the service said it.
        // Of one that can have no body a length would be refused further on.
        answer.Content.Headers.ContentLength = head.Status == (int)HttpStatusCode.NoContent ? null : length;
        foreach (var (name, value) in head.Fields.Where(field => !field.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)))
        {
            if (!answer.Headers.TryAddWithoutValidation(name, value))
            {
                answer.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return answer;
    }

    private Stream Body(AnswerHead head, long? length, HttpResponseMessage answer)
    {
        if (head.Status == (int)HttpStatusCode.SwitchingProtocols)
        {
            return request.Headers.NonValidated.Contains("Upgrade")
                ? new UpgradedStream(connection)
                : throw new InvalidDataException("The service speaks something else, which nobody asked for.");
        }

        var hasNone = request.Method == HttpMethod.Head || head.Status is (int)HttpStatusCode.NoContent or (int)HttpStatusCode.NotModified;
        var isChunked = head.IsChunked && !hasNone;
        length = hasNone ? 0 : length;
        var stays = head.StaysOpen && (isChunked || length is not null);
        return new AnswerBody(connection, isChunked, length, answer.TrailingHeaders, isWhole => EndAnswer(isWhole, stays)).Begin();
    }

    // Of an answer that nobody reads to its end the rest of the request is of no use either.
    private void EndAnswer(bool isWhole, bool stays)
    {
        if (!isWhole)
        {
            connection.Dispose();
        }
        else if (Volatile.Read(ref _halves) > 1)
        {
            _ = CutWhereNobodyReadsAsync();
        }

        EndHalf(isBroken: !isWhole || !stays);
    }

    // After a whole answer nothing tells that the client is gone, and a service may neither read the rest of the body nor
    // close: as long as it takes some, it goes on. Never throws.
    private async Task CutWhereNobodyReadsAsync()
    {
        for (var sent = -1L; sent != connection.Sent && Volatile.Read(ref _halves) > 0;)
        {
            sent = connection.Sent;
            await Task.Delay(MostWithoutProgress, time, CancellationToken.None);
        }

        if (Volatile.Read(ref _halves) > 0)
        {
            connection.Dispose();
        }
    }

    private void EndHalf(bool isBroken)
    {
        if (isBroken)
        {
            _isBroken = true;
        }

        if (Interlocked.Decrement(ref _halves) == 0)
        {
            // What was sent decides how its answer ends.
            done(mayStay && !_isBroken && !connection.HasUnread && line.Method == request.Method.Method);
        }
    }

    private NoAnswerException? NoAnswer(Exception fault) => fault switch
    {
        InvalidDataException => new NoAnswerException(ProxyFault.ProtocolError, fault),
        SocketException or EndOfStreamException or ObjectDisposedException =>
            new NoAnswerException(ProxyFault.ConnectionTerminated, fault) { IsSilent = connection.Received == _before },
        _ => null,
    };
}
