namespace Speed.Tests.Hosts;

/// <summary>
/// Sends a request again while nobody takes it, as the host does: a worker has loaded its functions before it listens.
/// The host tries ten times within two seconds; here it goes on for longer, for a busy machine is no fault of a worker's.
/// </summary>
internal sealed class RetryHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(250);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(50); ; pause = pause * 2 < MaxPause ? pause * 2 : MaxPause)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException fault) when (
                fault.HttpRequestError == HttpRequestError.ConnectionError
                && TimeProvider.System.GetElapsedTime(since) < Patience)
            {
                await Task.Delay(pause, cancellationToken);
            }
        }
    }
}
