using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Speed.Deployments;

namespace Speed.Outgoing;

/// <summary>
/// Sends requests to public addresses only, unless the operator named the host: its name is resolved once, all its
/// addresses are judged before anything is connected to, and just those are connected to. Where an answer leads
/// elsewhere, that is judged in the same way, or not followed.
/// </summary>
public sealed class GuardedClient(Resolver resolver, TimeProvider time)
{
    /// <summary>As many as Go's client follows, and so Docker.</summary>
    public const int MaxRedirects = 10;

    private const int MostRead = 2_048;

    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FetchPatience = TimeSpan.FromSeconds(30);

    /// <summary>Sends one request. Redirects are not followed.</summary>
    /// <param name="mayBePrivate">The operator named the host.</param>
    /// <exception cref="AddressRefusedException">Nothing was connected to.</exception>
    /// <exception cref="HttpRequestException">It could not be sent, or was not answered in ten seconds.</exception>
    public async Task<GuardedAnswer> SendAsync(
        HttpRequestMessage request, bool mayBePrivate, CancellationToken cancellationToken)
    {
        using var limit = new Limit(SendPatience, time, cancellationToken);
        return await limit.WithinAsync(async token =>
        {
            using var client = await ConnectAsync(request.RequestUri!, _ => mayBePrivate, token);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
            return new GuardedAnswer(
                (int)answer.StatusCode,
                RetryAfterOf(answer),
                answer.StatusCode == HttpStatusCode.BadRequest ? await ReadStartAsync(answer, token) : "");
        });
    }

    /// <summary>
    /// Asks for a file. Up to ten redirects are followed, each judged as the first address was. Gives the first answer
    /// that leads nowhere else, whatever its status.
    /// </summary>
    /// <param name="url">Of http or https. A user and password in it are sent to its host.</param>
    /// <param name="allowed">Hosts whose addresses need not be public.</param>
    /// <exception cref="AddressRefusedException">This address, or one that a redirect leads to, was not connected to.</exception>
    /// <exception cref="HttpRequestException">
    /// It could not be sent, or one answer did not begin within thirty seconds, or there were too many redirects.
    /// </exception>
    public async Task<Download> FetchAsync(Uri url, HostList allowed, CancellationToken cancellationToken)
    {
        for (var redirects = 0; ; redirects++)
        {
            var answer = await FetchOnceAsync(url, allowed, isRedirected: redirects > 0, cancellationToken);
            if (answer.RedirectTarget is not { } target)
            {
                return answer;
            }

            answer.Dispose();
            if (redirects == MaxRedirects)
            {
                throw new HttpRequestException($"It was redirected more than {MaxRedirects} times.");
            }

            url = target.Scheme is "http" or "https"
                ? target
                : throw new AddressRefusedException(
                    $"It was redirected to an address of {target.Scheme}, and only http and https are fetched.");
        }
    }

    private async Task<Download> FetchOnceAsync(
        Uri url, HostList allowed, bool isRedirected, CancellationToken cancellationToken)
    {
        using var limit = new Limit(FetchPatience, time, cancellationToken);
        return await limit.WithinAsync(async token =>
        {
            // As Docker asks: an answer that is packed for the way is unpacked.
            var client = await ConnectAsync(url, allowed.Names, token, DecompressionMethods.GZip, isRedirected);
            try
            {
                using var request = RequestFor(url);
                var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
                return await Download.BeginAsync(url, client, answer, token);
            }
            catch
            {
                client.Dispose();
                throw;
            }
        });
    }

    private static HttpRequestMessage RequestFor(Uri url)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.UserAgent.ParseAdd("SPEED");
        if (url.UserInfo.Length > 0)
        {
            var login = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo.Contains(':') ? url.UserInfo : url.UserInfo + ":"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(login));
        }

        return request;
    }

    private async Task<HttpClient> ConnectAsync(
        Uri url, Func<RepositoryAddress, bool> mayBePrivate, CancellationToken cancellationToken,
        DecompressionMethods decompression = DecompressionMethods.None, bool isRedirected = false)
    {
        var host = new RepositoryAddress(url.Scheme, RepositoryAddress.Normalize(url.IdnHost), url.Port, url.PathAndQuery);
        var addresses = await FindAddressesAsync(host, mayBePrivate(host), isRedirected, cancellationToken);
        var handler = PinnedHandler.Create(addresses, host.RealPort);
        handler.AutomaticDecompression = decompression;
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private async Task<IPAddress[]> FindAddressesAsync(
        RepositoryAddress host, bool mayBePrivate, bool isRedirected, CancellationToken cancellationToken)
    {
        var how = isRedirected ? ", to which it was redirected," : "";
        var addresses = await HostAddresses.FindAsync(host.Host, resolver.Resolve, cancellationToken)
            ?? throw new HttpRequestException(
                HttpRequestError.NameResolutionError, $"Host `{host.Host}`{how} is unknown.");
        return mayBePrivate || addresses.All(PublicAddress.Is)
            ? addresses
            : throw new AddressRefusedException(
                $"Host `{host.HostAndPort}`{how} is not allowed: it has an address that is not public.")
            {
                Host = host.HostAndPort,
            };
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage answer) =>
        answer.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - time.GetUtcNow() : null;

    private static async Task<string> ReadStartAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var start = new byte[MostRead];
            var length = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
            return Encoding.UTF8.GetString(start, 0, length);
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            // The status is the answer; of a body that breaks off nothing is needed.
            return "";
        }
    }

    /// <summary>How long an answer is waited for.</summary>
    private sealed class Limit(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken) : IDisposable
    {
        private readonly CancellationTokenSource _patience = new(patience, time);

        public async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> ask)
        {
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _patience.Token);
            try
            {
                return await ask(stopping.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new HttpRequestException($"There was no answer in {patience.TotalSeconds:0} seconds.");
            }
        }

        public void Dispose() => _patience.Dispose();
    }
}

/// <param name="Start">Of the body, its first two KiB, where the status is 400; else empty.</param>
public sealed record GuardedAnswer(int Status, TimeSpan? RetryAfter, string Start);

/// <summary>The host may not be connected to.</summary>
public sealed class AddressRefusedException(string message) : Exception(message)
{
    /// <summary>As the operator may name it, to have it allowed; null where that would not help.</summary>
    public string? Host { get; init; }
}
