using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Speed.Tests.Judge;

/// <summary>
/// What nobody may be led to: a web server, a Git server and a registry on the loopback of whoever runs this, on a port of
/// its own. It gives an image of any name, and remembers all that it was asked for.
/// </summary>
internal sealed class HostileListener : IAsyncDisposable
{
    private const int MaxHead = 16 * 1024;

    private static readonly byte[] Layer = MakeLayer();
    private static readonly string LayerDigest = Digest(Layer);
    private static readonly byte[] Config = MakeConfig();
    private static readonly string ConfigDigest = Digest(Config);
    private static readonly byte[] Manifest = MakeManifest();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;

    public HostileListener()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The first line of each request so far, or how it began where it is no HTTP.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (true)
            {
                answers.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_ending.Token)));
            }
        }
        catch (Exception end) when (
            end is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }

        await Task.WhenAll(answers);
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var head = await ReadHeadAsync(stream);
                var line = head.Split("\r\n")[0];
                _asked.Enqueue(line is ['\u0016', ..] ? "TLS" : line);
                if (line.Split(' ') is [var method, var path, _])
                {
                    await stream.WriteAsync(AnswerTo(method, path), _ending.Token);
                }
            }
            catch (Exception end) when (end is IOException or OperationCanceledException)
            {
                // Whoever asked is gone, or the test is over: it was noted that they came.
            }
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var buffer = new byte[MaxHead];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), _ending.Token);
            length += read;
            var text = Encoding.Latin1.GetString(buffer, 0, length);

            // What is no HTTP is not waited for: of TLS and of git's own protocol the beginning says enough.
            if (read == 0 || text.Contains("\r\n\r\n", StringComparison.Ordinal) || !char.IsAsciiLetterUpper(text[0]))
            {
                return text;
            }
        }

        return Encoding.Latin1.GetString(buffer);
    }

    private static byte[] AnswerTo(string method, string path)
    {
        var (type, body) = path switch
        {
            _ when path.Contains("/manifests/", StringComparison.Ordinal) =>
                ("application/vnd.docker.distribution.manifest.v2+json", Manifest),
            _ when path.EndsWith(ConfigDigest, StringComparison.Ordinal) => ("application/octet-stream", Config),
            _ when path.EndsWith(LayerDigest, StringComparison.Ordinal) => ("application/octet-stream", Layer),
            "/v2/" => ("application/json", "{}"u8.ToArray()),
            _ => ("text/plain", "what was fetched\n"u8.ToArray()),
        };
        var head = string.Create(CultureInfo.InvariantCulture, $"""
            HTTP/1.1 200 OK
            Content-Type: {type}
            Content-Length: {body.Length}
            Docker-Distribution-Api-Version: registry/2.0
            Docker-Content-Digest: {Digest(body)}
            Connection: close


            """).ReplaceLineEndings("\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. method == "HEAD" ? [] : body];
    }

    private static byte[] MakeLayer()
    {
        using var layer = new MemoryStream();
        using (var gzip = new GZipStream(layer, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "a")
            {
                DataStream = new MemoryStream("what was fetched\n"u8.ToArray()),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return layer.ToArray();
    }

    private static byte[] MakeConfig()
    {
        using var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(Layer), CompressionMode.Decompress))
        {
            gzip.CopyTo(plain);
        }

        return Encoding.ASCII.GetBytes($$"""
            {"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},
            "rootfs":{"type":"layers","diff_ids":["{{Digest(plain.ToArray())}}"]},"history":[{"created_by":"a test"}]}
            """);
    }

    private static byte[] MakeManifest() => Encoding.ASCII.GetBytes($$"""
        {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
        "config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":{{Config.Length}},"digest":"{{ConfigDigest}}"},
        "layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":{{Layer.Length}},"digest":"{{LayerDigest}}"}]}
        """);

    private static string Digest(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}
