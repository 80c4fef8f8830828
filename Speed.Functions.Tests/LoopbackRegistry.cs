using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Speed.Tests;

/// <summary>
/// A registry of a test's own on loopback, as engines speak to it (the HTTP API V2 of distribution): it has small images that
/// the test makes up, and knows who asked for what.
/// </summary>
internal sealed partial class LoopbackRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly ConcurrentDictionary<string, byte[]> _blobs = [];
    private readonly ConcurrentDictionary<string, byte[]> _manifests = [];
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly ScriptedServer _server;

    public LoopbackRegistry() => _server = new ScriptedServer(AnswerAsync);

    /// <summary>As the names of its images begin: <c>127.0.0.1:port</c>.</summary>
    public string Host => new Uri(_server.Address).Authority;

    /// <summary>Passwords by user. Where there is none, it lets everybody in without one.</summary>
    public ConcurrentDictionary<string, string> Logins { get; } = [];

    /// <summary>Repositories of which a user is told that they are not for him, as <c>user repository</c>.</summary>
    public ConcurrentBag<string> Denied { get; } = [];

    /// <summary>True while it answers 503 to all.</summary>
    public bool IsAway { get; set; }

    /// <summary>What was asked for: the user, or <c>nobody</c>, the method and the path.</summary>
    public IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>Has an image under a name, in the place of what was there. Gives the whole name with the tag.</summary>
    public string Put(
        string repository, string tag, IEnumerable<string>? env = null, IEnumerable<string>? onBuild = null,
        string? cmd = null, string? architecture = null)
    {
        var (tar, layer) = MakeLayer(Guid.NewGuid().ToString());
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = architecture ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
            {
                System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
                _ => "amd64",
            },
            os = "linux",
            config = new { Env = env?.ToArray(), OnBuild = onBuild?.ToArray(), Cmd = cmd is null ? null : new[] { cmd } },
            rootfs = new { type = "layers", diff_ids = new[] { DigestOf(tar) } },
            history = new[] { new { created = "2026-01-01T00:00:00Z", created_by = "a test" } },
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = Described("application/vnd.docker.container.image.v1+json", config),
            layers = new[] { Described("application/vnd.docker.image.rootfs.diff.tar.gzip", layer) },
        });
        _manifests[$"{repository} {tag}"] = _manifests[$"{repository} {DigestOf(manifest)}"] = manifest;
        return $"{Host}/{repository}:{tag}";
    }

    /// <summary>The digest of what is under a name.</summary>
    public string DigestOf(string repository, string tag) => DigestOf(_manifests[$"{repository} {tag}"]);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private object Described(string type, byte[] bytes)
    {
        _blobs[DigestOf(bytes)] = bytes;
        return new { mediaType = type, size = bytes.Length, digest = DigestOf(bytes) };
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (request, path) = (context.Request, context.Request.Url!.AbsolutePath);
        var user = UserOf(request.Headers["Authorization"]);
        _asked.Enqueue($"{user ?? "nobody"} {request.HttpMethod} {path}");
        if (IsAway)
        {
            await ScriptedServer.SayAsync(context, 503, "away");
        }
        else if (user is null && !Logins.IsEmpty)
        {
            context.Response.Headers["WWW-Authenticate"] = "Basic realm=\"a test\"";
            await RefuseAsync(context, 401, "UNAUTHORIZED", "authentication required");
        }
        else if (path == "/v2/")
        {
            await ScriptedServer.SayAsync(context, 200, "{}");
        }
        else
        {
            await GiveAsync(context, ItemPath().Match(path), user);
        }
    }

    private async Task GiveAsync(HttpListenerContext context, Match item, string? user)
    {
        var (repository, name) = (item.Groups["repository"].Value, item.Groups["name"].Value);
        if (Denied.Contains($"{user} {repository}"))
        {
            await RefuseAsync(context, 403, "DENIED", "requested access to the resource is denied");
            return;
        }

        var isManifest = item.Groups["kind"].Value == "manifests";
        if (!(isManifest ? _manifests : _blobs).TryGetValue(isManifest ? $"{repository} {name}" : name, out var bytes))
        {
            await RefuseAsync(context, 404, "MANIFEST_UNKNOWN", "manifest unknown");
            return;
        }

        context.Response.ContentType = isManifest ? ManifestType : "application/octet-stream";
        context.Response.Headers["Docker-Content-Digest"] = DigestOf(bytes);
        context.Response.ContentLength64 = bytes.Length;
        if (context.Request.HttpMethod != "HEAD")
        {
            await context.Response.OutputStream.WriteAsync(bytes);
        }

        context.Response.Close();
    }

    private string? UserOf(string? authorization) =>
        authorization?.StartsWith("Basic ", StringComparison.Ordinal) == true
        && Encoding.UTF8.GetString(Convert.FromBase64String(authorization[6..])).Split(':', 2) is [var user, var password]
        && Logins.TryGetValue(user, out var expected) && expected == password
            ? user
            : null;

    private static Task RefuseAsync(HttpListenerContext context, int status, string code, string message)
    {
        context.Response.ContentType = "application/json";
        return ScriptedServer.SayAsync(
            context, status, JsonSerializer.Serialize(new { errors = new[] { new { code, message } } }));
    }

    private static (byte[] Tar, byte[] Packed) MakeLayer(string text)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "mark")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
            });
        }

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(tar.ToArray());
        }

        return (tar.ToArray(), packed.ToArray());
    }

    private static string DigestOf(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    [GeneratedRegex("^/v2/(?<repository>.+)/(?<kind>manifests|blobs)/(?<name>[^/]+)$")]
    private static partial Regex ItemPath();
}
