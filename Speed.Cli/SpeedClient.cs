using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Cli;

/// <summary>
/// Speaks SPEED's HTTP interface. Whatever keeps an answer from coming, or is the matter with it, is a
/// <see cref="SpeedException"/>.
/// </summary>
internal sealed class SpeedClient : IDisposable
{
    private readonly Uri _server;
    private readonly Key _key;
    private readonly bool _isProofNeeded;
    private readonly HttpClient _http;

    /// <param name="isProofNeeded">A key goes over a connection only once the server has proved on it that it has that key.</param>
    public SpeedClient(Uri server, Key key, bool isProofNeeded)
    {
        (_server, _key, _isProofNeeded) = (server, key, isProofNeeded && key.Value is not null);

        // Copying and clearing away take their time. Where nothing may take long, who asks has a limit.
        _http = Open(TimeSpan.FromMinutes(10));
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, body: null, cancellationToken);

    public Task<JsonElement> PostAsync(string path, JsonNode? body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, cancellationToken);

    /// <summary>The answer's JSON; undefined where there is nothing in it.</summary>
    /// <param name="path">Below the server's address, without a slash in front.</param>
    /// <param name="idempotencyKey">Null: none is sent.</param>
    public async Task<JsonElement> SendAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken,
        string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content =
            body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        if (idempotencyKey is not null && !request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey))
        {
            throw SpeedException.Refused("--idempotency-key must be printable ASCII.");
        }

        return await ReachAsync(
            async () =>
            {
                using var answer = await _http.SendAsync(request, cancellationToken);
                var text = await answer.Content.ReadAsStringAsync(cancellationToken);
                return answer.IsSuccessStatusCode ? Parse(text) : throw FaultOf(answer.StatusCode, text);
            },
            cancellationToken);
    }

    /// <summary>Reads lines as they come, and gives each to <paramref name="take"/>.</summary>
    public Task ReadLinesAsync(string path, Action<string> take, CancellationToken cancellationToken) => ReachAsync(
        async () =>
        {
            using var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await RequireAsync(answer, cancellationToken);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                take(line);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Writes the body of an answer as it comes. What has been written by the time of a fault is not all.</summary>
    public Task DownloadAsync(string path, Stream into, CancellationToken cancellationToken) => ReachAsync(
        async () =>
        {
            using var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await RequireAsync(answer, cancellationToken);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await body.CopyToAsync(into, cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Sends a body of any length, however long that takes.</summary>
    public Task UploadAsync(string path, Stream from, string mediaType, CancellationToken cancellationToken) => ReachAsync(
        async () =>
        {
            using var http = Open(Timeout.InfiniteTimeSpan);
            using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new StreamContent(from) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
            using var answer = await http.SendAsync(request, cancellationToken);
            await RequireAsync(answer, cancellationToken);
            return true;
        },
        cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task RequireAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw FaultOf(answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    private HttpClient Open(TimeSpan timeout)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            // The key is for this server: neither another one nor a proxy in front of this machine's own gets it.
            AllowAutoRedirect = false,
            UseProxy = !Key.IsLoopback(_server),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = ConnectAsync,
            PlaintextStreamFilter = _isProofNeeded ? RequireProofAsync : null,
        })
        {
            BaseAddress = _server,
            Timeout = timeout,
        };
        http.DefaultRequestHeaders.Authorization =
            _key.Value is null ? null : new AuthenticationHeaderValue("Bearer", _key.Value);
        return http;
    }

    // On every connection, for another program may listen there by the time of the next.
    private async ValueTask<Stream> RequireProofAsync(
        SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        await ServerProof.RequireAsync(_server, _key, context.PlaintextStream, cancellationToken);
        return context.PlaintextStream;
    }

    // A log may be silent for hours: the system asks whether a connection is still there, and gives it up after two
    // minutes without an answer.
    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 6);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<T> ReachAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (HttpRequestException unproved) when (unproved.InnerException is SpeedException fault)
        {
            throw new SpeedException(fault.Message, fault.ExitCode, unproved) { MayPass = fault.MayPass };
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException)
        {
            throw NotReached(lost.Message, lost);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotReached("It did not answer in time.", late);
        }
    }

    private SpeedException NotReached(string why, Exception inner) => new(
        $"SPEED is not reached at {_server}: {why.TrimEnd('.')}. Start it there (eng/run), or say where it is with "
        + "--server or SPEED_SERVER.",
        ExitCode.NoAnswer,
        inner)
    {
        MayPass = true,
    };

    private JsonElement Parse(string text)
    {
        try
        {
            return text.Length == 0 ? default : JsonElement.Parse(text);
        }
        catch (JsonException fault)
        {
            throw new SpeedException(
                $"What answers at {_server} is not SPEED: it sends no JSON.", ExitCode.NoAnswer, fault);
        }
    }

    private SpeedException FaultOf(HttpStatusCode status, string text)
    {
        var words = Problem.Words(text) ?? $"What answers at {_server} is not SPEED: it says {(int)status}.";
        return status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => SpeedException.Refused(
                $"{words}\n{_key.Sent} Put another one into SPEED_TOKEN, or name its file with --token-file; with the "
                + "admin key, 'speed tokens create' makes tokens."),
            HttpStatusCode.TooManyRequests => new SpeedException(words, ExitCode.NoAnswer),
            >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => SpeedException.Refused(words),
            _ => new SpeedException(words, ExitCode.NoAnswer)
            {
                MayPass = (int)status is 502 or 503 or 504,
            },
        };
    }
}
