using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Speed.Outgoing;

namespace Speed.Sources;

/// <summary>Asks a server what git asks it first, to learn whether the repository is somewhere else.</summary>
internal sealed class RedirectProbe(GitOptions options)
{
    private const string Refs = "/info/refs?service=git-upload-pack";

    // Git itself waits longer, and has words for a server that says nothing.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Where the server sends us; null if it does not, or to no repository, or does not answer in 20 seconds: git will
    /// see, and tell.
    /// </summary>
    public async Task<string?> FindTargetAsync(GitRoute route, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stopping.CancelAfter(Patience);
        using var client = new HttpClient(Handler(route)) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var request = Request(route);
            // The headers only: the body is git's to read.
            using var answer = await client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
            return (int)answer.StatusCode is 301 or 302 or 303 or 307 or 308
                ? TargetOf(request.RequestUri!, answer.Headers.Location)
                : null;
        }
        catch (Exception fault) when (IsTheServers(fault) && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static bool IsTheServers(Exception fault) =>
        fault is HttpRequestException or IOException or OperationCanceledException or UriFormatException;

    private static HttpRequestMessage Request(GitRoute route)
    {
        var url = route.FetchUrl.Split('#')[0];
        var tail = url.Contains('?') ? Refs.Replace('?', '&') : Refs;
        var request = new HttpRequestMessage(HttpMethod.Get, url.TrimEnd('/') + tail);

        // Some servers send whoever is not git to a page.
        request.Headers.UserAgent.ParseAdd("git/2.37.0 (SPEED)");
        request.Headers.Accept.ParseAdd("*/*");
        request.Headers.Add("Git-Protocol", "version=2");
        if (route.Authorization is { } authorization)
        {
            request.Headers.Add("Authorization", authorization);
        }

        return request;
    }

    // As git has it: only what ends as we asked is a repository elsewhere.
    private static string? TargetOf(Uri asked, Uri? location)
    {
        if (location is null || !Uri.TryCreate(asked, location, out var target))
        {
            return null;
        }

        var text = target.AbsoluteUri;
        return text.EndsWith(Refs, StringComparison.Ordinal) ? text[..^Refs.Length] : null;
    }

    private SocketsHttpHandler Handler(GitRoute route)
    {
        var handler = PinnedHandler.Create(route.Addresses, route.Address.RealPort);
        if (options.CaFile is { } file)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                errors == SslPolicyErrors.None
                || (errors == SslPolicyErrors.RemoteCertificateChainErrors && IsSignedBy(file, certificate, chain));
        }

        if (options.Proxy is { } proxy)
        {
            (handler.ConnectCallback, handler.UseProxy, handler.Proxy) = (null, true, ProxyAt(proxy));
        }

        return handler;
    }

    private static bool IsSignedBy(string file, X509Certificate? certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
        return certificate is X509Certificate2 one && chain.Build(one);
    }

    // As git takes it: with or without a scheme, with or without a user.
    private static WebProxy ProxyAt(string proxy)
    {
        var url = new Uri(proxy.Contains("://") ? proxy.Replace("socks5h://", "socks5://") : "http://" + proxy);
        var user = url.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        return new WebProxy(url)
        {
            Credentials = url.UserInfo.Length == 0 ? null : new NetworkCredential(user[0], user.ElementAtOrDefault(1)),
        };
    }
}
