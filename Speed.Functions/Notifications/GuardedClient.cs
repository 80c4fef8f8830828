using System.Net;
using System.Net.Sockets;
using System.Text;
using Speed.Deployments;

namespace Speed.Notifications;

/// <summary>
/// Sends requests to public addresses only, unless the operator named the host: its name is resolved once, all its
/// addresses are judged before anything is connected to, and just those are connected to. Redirects are not followed.
/// </summary>
public sealed class GuardedClient(Resolver resolver, TimeProvider time)
{
    private const int MostRead = 2_048;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="mayBePrivate">The operator named the host.</param>
    /// <exception cref="AddressRefusedException">Nothing was connected to.</exception>
    /// <exception cref="HttpRequestException">It could not be sent, or was not answered in ten seconds.</exception>
    public async Task<GuardedAnswer> SendAsync(
        HttpRequestMessage request, bool mayBePrivate, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var host = RepositoryUrl.Parse(request.RequestUri!.AbsoluteUri);
            var addresses = await FindAddressesAsync(host, mayBePrivate, stopping.Token);
            using var client = new HttpClient(Handler(addresses, host.RealPort)) { Timeout = Timeout.InfiniteTimeSpan };
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
            return new GuardedAnswer(
                (int)answer.StatusCode,
                RetryAfterOf(answer),
                answer.StatusCode == HttpStatusCode.BadRequest ? await ReadStartAsync(answer, stopping.Token) : "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"There was no answer in {Patience.TotalSeconds:0} seconds.");
        }
    }

    private async Task<IPAddress[]> FindAddressesAsync(
        RepositoryAddress host, bool mayBePrivate, CancellationToken cancellationToken)
    {
        var addresses = host.Literal is { } literal ? [literal] : await ResolveAsync(host.Host, cancellationToken);
        return mayBePrivate || addresses.All(PublicAddress.Is)
            ? addresses
            : throw new AddressRefusedException($"Host `{host.Host}` is not allowed: it has an address that is not public.");
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await resolver.Resolve(host, cancellationToken);
            return addresses.Length > 0 ? addresses : throw new HttpRequestException($"Host `{host}` is unknown.");
        }
        catch (Exception fault) when (fault is SocketException or ArgumentException)
        {
            throw new HttpRequestException($"Host `{host}` is unknown.", fault);
        }
    }

    private static SocketsHttpHandler Handler(IPAddress[] addresses, int port) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxResponseHeadersLength = 64,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(addresses, port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

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
}

/// <param name="Start">Of the body, its first two KiB, where the status is 400; else empty.</param>
public sealed record GuardedAnswer(int Status, TimeSpan? RetryAfter, string Start);

/// <summary>The host may not be connected to.</summary>
public sealed class AddressRefusedException(string message) : Exception(message);
