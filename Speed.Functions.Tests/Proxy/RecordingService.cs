using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Speed.Tests.Proxy;

/// <summary>
/// A service of bare sockets that reads requests by the letter of RFC 9112 and keeps what is wrong with any: what reaches
/// it is what the proxy really sent, no server has put it right. Each answer has the target that was asked for.
/// </summary>
internal sealed partial class RecordingService : IAsyncDisposable
{
    /// <summary>What clients claim to come from; the proxy must let it through in no header.</summary>
    public const string Claim = "203.0.113.66";

    /// <summary>The value of SPEED's own cookie, which no service may see.</summary>
    public const string Session = "the-session-of-SPEED";

    private const int MostHead = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _name;
    private readonly Task _accepting;
    private readonly List<string> _faults = [];
    private int _served;

    /// <param name="name">The only name that it is reached by.</param>
    public RecordingService(string name)
    {
        _name = name;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Requests that were right.</summary>
    public int Served => Volatile.Read(ref _served);

    public string[] Faults()
    {
        lock (_faults)
        {
            return [.. _faults];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        var all = new List<Task>();
        try
        {
            while (true)
            {
                all.Add(ServeAsync(await _listener.AcceptTcpClientAsync()));
            }
        }
        catch (SocketException)
        {
            // Stopped.
        }

        await Task.WhenAll(all);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = new BufferedStream(client.GetStream());
            try
            {
                while (await ReadHeadAsync(stream) is { } head)
                {
                    if (Judge(head) is { } fault)
                    {
                        Keep($"{fault}\n{head}");
                        return;
                    }

                    await ReadBodyAsync(stream, head);
                    Interlocked.Increment(ref _served);
                    var target = Encoding.Latin1.GetBytes(head.Split(' ', 3)[1]);
                    var body = head.StartsWith("HEAD ", StringComparison.Ordinal) ? [] : target;
                    var start = Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {target.Length}\r\n\r\n");
                    await client.GetStream().WriteAsync((byte[])[.. start, .. body]);
                }
            }
            catch (InvalidDataException fault)
            {
                Keep(fault.Message);
            }
            catch (IOException)
            {
                // The proxy has let go of the connection: its client was cut off, or has gone.
            }
        }
    }

    /// <summary>Up to the empty line; null at the end of the connection.</summary>
    private static async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        while (await ReadLineAsync(stream) is { } line)
        {
            if (line.Length == 0)
            {
                return head.ToString();
            }

            head.Append(line).Append('\n');
            if (head.Length > MostHead)
            {
                throw new InvalidDataException($"A head without an end: {head}");
            }
        }

        return head.Length == 0 ? null : throw new IOException("cut off within the head");
    }

    private static async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1)
        {
            if (one[0] == '\n')
            {
                return line.Length > 0 && line[^1] == '\r'
                    ? line.ToString(0, line.Length - 1)
                    : throw new InvalidDataException($"A line feed without a carriage return: {line}");
            }

            line.Append((char)one[0]);
        }

        return line.Length == 0 ? null : throw new IOException("cut off within a line");
    }

    private static async Task ReadBodyAsync(Stream stream, string head)
    {
        if (Field(head, "Content-Length") is [var length])
        {
            await SkipAsync(stream, long.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture));
            return;
        }

        if (Field(head, "Transfer-Encoding").Length == 0)
        {
            return;
        }

        while (true)
        {
            var line = await ReadLineAsync(stream) ?? throw new IOException("cut off before a chunk");
            if (!ChunkSize().IsMatch(line))
            {
                throw new InvalidDataException($"The size of a chunk is '{line}'\n{head}");
            }

            var size = long.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            await SkipAsync(stream, size);
            if (size == 0 && await ReadHeadAsync(stream) is { } trailers && trailers.Contains(Claim, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"A claim in a trailer: {trailers}\n{head}");
            }

            if (size == 0)
            {
                return;
            }

            if (await ReadLineAsync(stream) is not "")
            {
                throw new InvalidDataException($"A chunk is longer than its size\n{head}");
            }
        }
    }

    private static async Task SkipAsync(Stream stream, long length)
    {
        var buffer = new byte[8 * 1024];
        while (length > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(length, buffer.Length)));
            length -= read > 0 ? read : throw new IOException("cut off within the body");
        }
    }

    private string? Judge(string head)
    {
        var lines = head.TrimEnd('\n').Split('\n');
        if (!RequestLine().IsMatch(lines[0]))
        {
            return "The first line is none";
        }

        if (lines.Skip(1).FirstOrDefault(line => !FieldLine().IsMatch(line)) is { } odd)
        {
            return $"'{odd}' is no field";
        }

        var host = Field(head, "Host");
        if (host.Length != 1 || !host[0].Split(':')[0].TrimEnd('.').Equals(_name, StringComparison.OrdinalIgnoreCase))
        {
            return $"{host.Length} hosts, '{host.FirstOrDefault()}', at the service of {_name}";
        }

        return JudgeFraming(head) ?? JudgeOrigin(head, host[0]);
    }

    private static string? JudgeFraming(string head)
    {
        var (length, encoding) = (Field(head, "Content-Length"), Field(head, "Transfer-Encoding"));
        return (length, encoding) switch
        {
            ([], []) or ([], ["chunked"]) => null,
            ([var digits], []) when digits.Length is > 0 and < 19 && digits.All(char.IsAsciiDigit) => null,
            _ => "The length of the body can be read in two ways",
        };
    }

    private static string? JudgeOrigin(string head, string host)
    {
        if (head.Contains(Claim, StringComparison.Ordinal))
        {
            return "A claim passed";
        }

        if (head.Contains(Session, StringComparison.Ordinal))
        {
            return "The session passed";
        }

        return Field(head, "X-Forwarded-For") is ["127.0.0.1"] && Field(head, "X-Forwarded-Proto") is ["http" or "https"]
            && Field(head, "X-Forwarded-Host") is [var forwarded] && forwarded == host
            ? null
            : "It does not say where it came from";
    }

    // A hyphen and an underscore are one to many servers.
    private static string[] Field(string head, string name) =>
    [
        .. from line in head.TrimEnd('\n').Split('\n').Skip(1)
           let colon = line.IndexOf(':')
           where colon > 0 && line[..colon].Replace('_', '-').Equals(name, StringComparison.OrdinalIgnoreCase)
           select line[(colon + 1)..].Trim(' ', '\t'),
    ];

    private void Keep(string fault)
    {
        lock (_faults)
        {
            _faults.Add(fault);
        }
    }

    [GeneratedRegex(@"^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.1\z", RegexOptions.CultureInvariant)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex FieldLine();

    [GeneratedRegex(@"^[0-9A-Fa-f]{1,8}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ChunkSize();
}
