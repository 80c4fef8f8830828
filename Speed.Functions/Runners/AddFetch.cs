using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Speed.Deployments;
using Speed.Dockerfiles;
using Speed.Outgoing;

namespace Speed.Runners;

/// <summary>What an ADD names by an address.</summary>
/// <param name="Address">With the values of its variables.</param>
/// <param name="Written">As the Dockerfile has it, without a password.</param>
/// <param name="Checksum">What it must have, as <c>sha256:…</c>; null for none.</param>
internal sealed record AddRequest(string Address, string Written, int Line, string? Checksum)
{
    /// <summary>Those of its variables that have no value.</summary>
    public IReadOnlyList<string> Unset { get; init; } = [];
}

/// <summary>
/// Fetches what ADD names by an address, in the engine's place: so that only what may be connected to is, wherever the
/// address leads.
/// </summary>
/// <remarks>
/// As moby/buildkit source/http has it: the file bears the time of <c>Last-Modified</c>, or 1970, and is called as the
/// address ends (frontend/dockerfile/dockerfile2llb, dispatchCopy), whatever the server would have it called.
/// </remarks>
/// <param name="maxBytes">Of the repository's files and all that is fetched, together.</param>
internal sealed partial class AddFetch(GuardedClient client, HostList allowed, long maxBytes = AddFetch.MaxBytes)
{
    /// <summary>As much as a repository may have.</summary>
    public const long MaxBytes = 2L << 30;

    private const int PieceBytes = 128 * 1024;
    private const int MaxNameBytes = 255;
    private const string Unnamed = "__unnamed__";

    // What a tar's header can hold.
    private static readonly DateTimeOffset Last = DateTimeOffset.FromUnixTimeSeconds((1L << 33) - 1);

    /// <summary>Whether RUN steps have one, and can fetch what is not fetched here.</summary>
    public bool BuildsHaveNetwork { get; init; } = true;

    /// <summary>
    /// The files, each for its source; one that is named twice is fetched once. Throws
    /// <see cref="FailureCode.DockerfileRefused"/> for one that may not be asked for, and
    /// <see cref="FailureCode.BuildFailed"/> for one that cannot be had.
    /// </summary>
    public async Task<IReadOnlyList<FetchedFile>> FetchAsync(
        IReadOnlyList<AddRequest> sources, ISourceTree tree, DeploymentLog log, CancellationToken cancellationToken)
    {
        var files = new Dictionary<(string, string?), FetchedFile>();
        var room = maxBytes - tree.Files.Sum(file => file.Size);
        try
        {
            foreach (var source in sources)
            {
                if (!files.ContainsKey((source.Address, source.Checksum)))
                {
                    var file = await FetchAsync(source, tree.OpenScratchFile(), room, cancellationToken);
                    files[(source.Address, source.Checksum)] = file;
                    room -= file.Bytes;
                    await log.SayAsync(
                        $"Fetched {source.Written} of line {source.Line}: {ByteCount.Format(file.Bytes)}", cancellationToken);
                }
            }
        }
        catch
        {
            foreach (var file in files.Values)
            {
                await file.DisposeAsync();
            }

            throw;
        }

        return [.. sources.Select(source => files[(source.Address, source.Checksum)])];
    }

    /// <summary>
    /// What a file is called that is added to a folder; null where no file can have the name. As Docker has it: the last
    /// part of the path, decoded. Of the text, for a <see cref="Uri"/> takes a backslash for a slash, and dots away.
    /// </summary>
    public static string? NameOf(string address)
    {
        var rest = address[(address.IndexOf("//", StringComparison.Ordinal) + 2)..].Split('#')[0].Split('?')[0];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var path = Decode(slash < 0 ? "" : rest[slash..]).AsSpan().TrimEnd((byte)'/');
        var bytes = path[(path.LastIndexOf((byte)'/') + 1)..];
        if (bytes.Length > MaxNameBytes || bytes.Contains((byte)0) || !Utf8.IsValid(bytes))
        {
            return null;
        }

        return Encoding.UTF8.GetString(bytes) switch
        {
            "" or "." => Unnamed,
            ".." => null,
            var name => name,
        };
    }

    /// <summary>An address as people may read it: whoever may look at a log need not have the login that stands in it.</summary>
    public static string WithoutLogin(string written) => Login().Replace(written, "//***@");

    [GeneratedRegex("//[^/@?#]*@")]
    private static partial Regex Login();

    private static byte[] Decode(string path)
    {
        var encoded = Encoding.UTF8.GetBytes(path);
        var bytes = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            var isEncoded = encoded[i] == '%' && i + 2 < encoded.Length
                && char.IsAsciiHexDigit((char)encoded[i + 1]) && char.IsAsciiHexDigit((char)encoded[i + 2]);
            bytes.Add(isEncoded ? Convert.FromHexString(encoded.AsSpan(i + 1, 2))[0] : encoded[i]);
            i += isEncoded ? 2 : 0;
        }

        return [.. bytes];
    }

    private async Task<FetchedFile> FetchAsync(
        AddRequest source, Stream content, long room, CancellationToken cancellationToken)
    {
        try
        {
            // A backslash is a character like any other, and would be taken for a slash.
            var address = source.Address.Replace("\\", "%5C", StringComparison.Ordinal);
            if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                throw Failed(
                    source, "that is no address of http or https",
                    "Write http://host/path or https://host:port/path, with a port from 1 to 65535.");
            }

            var name = NameOf(source.Address) ?? throw Failed(
                source, "no file can be called as its address ends",
                "A file is called as the last part of the address's path: at most 255 bytes, UTF-8, without a null byte, and not `..`.");
            using var download = await client.FetchAsync(url, allowed, cancellationToken);
            if (download.Status is < 200 or > 299)
            {
                throw Failed(source, $"{AskedAt(source, url, download)} answered {download.Status}", HintFor(download.Status));
            }

            var (sha256, bytes) = await CopyAsync(download, content, room, cancellationToken);
            return source.Checksum is null || source.Checksum == $"sha256:{sha256}"
                ? new FetchedFile(
                    AddressOf(url), name, sha256, bytes, TimeOf(download.LastModified), content)
                : throw new DeploymentFailedException(
                    FailureCode.BuildFailed,
                    $"{Place(source)} is not what it is to be: its checksum is sha256:{sha256}, and --checksum says {source.Checksum}.",
                    "If its server has changed the file, and the new one is meant, write the checksum that it has. If not, name an "
                    + "address that has the old one still.");
        }
        catch (Exception fault)
        {
            await content.DisposeAsync();
            throw fault switch
            {
                AddressRefusedException refused => Refused(source, refused),
                HttpRequestException { InnerException: AuthenticationException inner } => Failed(
                    source, inner.Message,
                    inner.Message.Contains("certificate", StringComparison.Ordinal)
                        ? "This machine must trust the certificate of its server: check the address."
                        : "Check that its server speaks https on that port.",
                    fault),
                HttpRequestException http => Failed(source, http.Message, HintFor(http), http),
                _ => fault,
            };
        }
    }

    private async Task<(string Sha256, long Bytes)> CopyAsync(
        Download download, Stream content, long room, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[PieceBytes];
        long bytes = 0;
        while (await download.ReadAsync(piece, cancellationToken) is > 0 and var read)
        {
            bytes += read;
            if (bytes > room)
            {
                throw new DeploymentFailedException(
                    FailureCode.RepoTooLarge,
                    $"The repository's files and what the Dockerfile adds by address have more than "
                    + $"{ByteCount.Format(maxBytes)} together.",
                    DockerfileRefusal.OrInRunStep("Have less in both", "fetch large files", BuildsHaveNetwork));
            }

            hash.AppendData(piece.AsSpan(0, read));
            await content.WriteAsync(piece.AsMemory(0, read), cancellationToken);
        }

        await content.FlushAsync(cancellationToken);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes);
    }

    // For whoever asks what was built from: without the password, if there is one.
    private static string AddressOf(Uri url) =>
        url.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped);

    private static DateTimeOffset TimeOf(DateTimeOffset? lastModified) => lastModified switch
    {
        null => DateTimeOffset.UnixEpoch,
        var time when time < DateTimeOffset.UnixEpoch => DateTimeOffset.UnixEpoch,
        var time when time > Last => Last,
        var time => time.Value,
    };

    // Where a redirect led, its query is left out: what gives access often stands there.
    private static string AskedAt(AddRequest source, Uri url, Download download) => download.Url == url
        ? (AddressOf(url) == source.Written ? "its server" : AddressOf(url))
        : $"{download.Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)}, to which it was "
            + "redirected,";

    private static string HintFor(int status) => status switch
    {
        401 or 403 or 407 => "Its server gives it only to those who log in, or not to SPEED: put the file into the repository.",
        404 or 410 => "Its server was reached, and has nothing there, or nothing for those who do not log in: check the address.",
        429 or >= 500 => "That is its server's fault: deploy again when it gives the file.",
        _ => "Its server was reached, and does not answer with a file: check the address.",
    };

    private static string HintFor(HttpRequestException fault) => fault.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "Check how its host is spelled, and that the DNS of this machine knows it.",
        HttpRequestError.ConnectionError => "Check the host and the port, and that this machine reaches them.",
        _ => "Check with `curl -L` what its server answers, and deploy again when it gives the file.",
    };

    private static string Place(AddRequest source) => $"ADD {source.Written} on line {source.Line} of the Dockerfile";

    private DeploymentFailedException Refused(AddRequest source, AddressRefusedException refused) => new(
        FailureCode.DockerfileRefused,
        $"{Place(source)} may not be fetched: {refused.Message}",
        DockerfileRefusal.OrInRunStep("Put the file into the repository", "fetch it", BuildsHaveNetwork)
        + (refused.Host is { } host
            ? $" If the host is to be trusted, the operator may add `{host}` to Speed__Docker__AllowedHosts."
            : ""),
        inner: refused);

    private static DeploymentFailedException Failed(
        AddRequest source, string reason, string hint, Exception? inner = null) => new(
            FailureCode.BuildFailed,
            $"{Place(source)} could not be fetched: {reason.TrimEnd('.')}.",
            source.Unset.Count == 0
                ? hint
                : $"{UnsetVariables.Enumerate(source.Unset)} without a value there: give the ARG a default, or the value in "
                    + "build_args.",
            inner: inner);
}
