using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Speed.Cli;

/// <summary>
/// Has a server prove that it has a key before it is sent: whatever listens where SPEED was looked for would get it
/// otherwise. The proof is an HMAC-SHA256 over a nonce, under what SPEED keeps of the key.
/// </summary>
internal static class ServerProof
{
    private const string TokenPrefix = "spd_";
    private const int IdLength = 12;
    private const int KeyLength = 43;
    private const int ValueLength = 32;
    private const int Rounds = 600_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly byte[] Salt = "speed session challenge"u8.ToArray();

    /// <summary>Asks over a connection, which stays open for what the key is for. Throws where the proof is not given.</summary>
    public static async Task RequireAsync(Uri server, Key key, Stream connection, CancellationToken cancellationToken)
    {
        var (nonce, id) = (Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(ValueLength)), IdIn(key.Value!));
        using var http = OpenOver(connection);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://speed{server.AbsolutePath}v1/session/challenge");
        request.Headers.Host = server.Authority;
        request.Content = JsonContent.Create(
            id is null ? new JsonObject { ["nonce"] = nonce } : new JsonObject { ["nonce"] = nonce, ["id"] = id });
        await request.Content.LoadIntoBufferAsync(cancellationToken);
        using var answer = await http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (ProofIn(answer, text) is not { } proof)
        {
            throw NotGiven(server, key, answer.StatusCode, text);
        }

        if (!CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(proof), Encoding.UTF8.GetBytes(Expected(key.Value!, id ?? "", nonce))))
        {
            throw SpeedException.Refused(
                $"What answers at {server} has not proved that it has {key.Origin}, which was not sent. Either it is another "
                + "program, or that SPEED does not know the token: it has expired, or been revoked, or is another SPEED's.\n"
                + "Put another one into SPEED_TOKEN, or name its file with --token-file.");
        }
    }

    private static HttpClient OpenOver(Stream connection) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new Borrowed(connection)),
    })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    private static string? ProofIn(HttpResponseMessage answer, string text)
    {
        try
        {
            return answer.StatusCode == HttpStatusCode.OK ? JsonElement.Parse(text).Text("proof") : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static SpeedException NotGiven(Uri server, Key key, HttpStatusCode status, string text)
    {
        var words = Problem.Words(text) is { } said ? $" It says: {said}" : "";
        return status switch
        {
            HttpStatusCode.TooManyRequests => new SpeedException($"SPEED was not asked.{words}", ExitCode.NoAnswer),
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                new SpeedException($"SPEED is not ready at {server}.{words}", ExitCode.NoAnswer) { MayPass = true },
            _ => SpeedException.Refused(
                $"What answers at {server} does not prove that it is SPEED: it is an older one, or another program. "
                + $"{char.ToUpperInvariant(key.Origin[0])}{key.Origin[1..]} was not sent.{words}\n"
                + "Where you know that it is SPEED, update it, or send the token all the same with --unproved."),
        };
    }

    private static string Expected(string key, string id, string nonce) => Base64Url.EncodeToString(
        HMACSHA256.HashData(ValueOf(key), Encoding.UTF8.GetBytes($"speed session challenge\n{id}\n{nonce}")));

    // One that a person thought of could be found by trying, by whoever has seen a proof: there each try takes long.
    private static byte[] ValueOf(string key)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        return IsRandom(key)
            ? SHA256.HashData(bytes)
            : Rfc2898DeriveBytes.Pbkdf2(bytes, Salt, Rounds, HashAlgorithmName.SHA256, ValueLength);
    }

    private static bool IsRandom(string key) =>
        IdIn(key) is not null || (key.Length == KeyLength && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));

    // The middle of a token, which is no secret. Null for the admin key.
    private static string? IdIn(string key) =>
        key.StartsWith(TokenPrefix, StringComparison.Ordinal)
        && key.Length > TokenPrefix.Length + IdLength
        && key[TokenPrefix.Length + IdLength] == '_'
        && key.Skip(TokenPrefix.Length).Take(IdLength).All(char.IsAsciiHexDigitLower)
            ? key.Substring(TokenPrefix.Length, IdLength)
            : null;

    /// <summary>A connection that is given back: who has borrowed it does not close it.</summary>
    private sealed class Borrowed(Stream connection) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            connection.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => connection.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => connection.Write(buffer, offset, count);

        public override void Flush() => connection.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
