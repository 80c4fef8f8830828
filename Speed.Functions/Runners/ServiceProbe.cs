using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Docker.DotNet.Models;
using Speed.Deployments;

namespace Speed.Runners;

/// <summary>
/// Asks a service whether it serves: by HTTP where a path is given, by the engine's health check where the image or the
/// deployment has one, else by a connection to one of its ports. Where no port is named, the first that answers is asked.
/// </summary>
/// <param name="isReachable">False where SPEED's container does not share the network on which services are published.</param>
internal sealed class ServiceProbe(Deployment deployment, bool isReachable = true) : IDisposable
{
    private const string OutOfReach = "SPEED's own container does not share the host's network, on which services are published";

    private const int QuotedCharacters = 200;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(2);

    // The engine's own proxy takes every connection, and closes it at once where nobody listens behind it.
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromMilliseconds(300);

    private readonly HealthOption? _health = deployment.Options.Health;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        // Each question has its own limit, with the body of its answer.
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    private PublishedPort? _good;

    public async Task<ProbeAnswer> AskAsync(State state, CancellationToken cancellationToken)
    {
        if (_health?.Path is { } path)
        {
            if (!isReachable)
            {
                // It says nothing of the service: one that is up stays as it is.
                throw new DeploymentFailedException(
                    FailureCode.Unhealthy, $"GET {path} cannot be asked: {OutOfReach}.",
                    "Have the operator run SPEED with `--network host`, or give `health.command` in the place of the path.");
            }

            return await FindEndpointAsync(cancellationToken) is { } endpoint
                ? await AskByHttpAsync(endpoint, path, cancellationToken)
                : new ProbeAnswer(false, true, "The health check has a path, and no port is published to ask it on.");
        }

        return state.Health is { Status: not (null or "" or "none") } health
            ? JudgeHealth(health)
            : await ConnectAnyAsync(cancellationToken);
    }

    /// <summary>
    /// The ports of the container that take connections now, in the order of the deployment; all of them where none can be
    /// reached from here.
    /// </summary>
    public async Task<IReadOnlyList<int>> ListAnsweringPortsAsync(CancellationToken cancellationToken)
    {
        var endpoints = deployment.Endpoints;
        if (!isReachable)
        {
            return [.. endpoints.Select(endpoint => endpoint.Container)];
        }

        var answers = await Task.WhenAll(endpoints.Select(endpoint => ConnectsAsync(endpoint, cancellationToken)));
        return [.. endpoints.Zip(answers).Where(one => one.Second).Select(one => one.First.Container)];
    }

    /// <summary>What a command of a health check that ended like this is told as.</summary>
    public static string Ended(long exitCode, string output) => string.Create(
        CultureInfo.InvariantCulture, $"Its health check ended with {exitCode}: {OneLine(output)}");

    public void Dispose() => _http.Dispose();

    private async Task<PublishedPort?> FindEndpointAsync(CancellationToken cancellationToken)
    {
        var endpoints = deployment.Endpoints;
        if ((_health!.Port ?? deployment.ProxyPort ?? _good?.Container) is { } port)
        {
            return endpoints.FirstOrDefault(endpoint => endpoint.Container == port);
        }

        if (endpoints.Count > 1)
        {
            var answering = await ListAnsweringPortsAsync(cancellationToken);
            return endpoints.FirstOrDefault(endpoint => answering.Contains(endpoint.Container)) ?? endpoints[0];
        }

        return endpoints is [var only, ..] ? only : null;
    }

    private async Task<ProbeAnswer> AskByHttpAsync(PublishedPort endpoint, string path, CancellationToken cancellationToken)
    {
        var asked = $"GET {path} on port {endpoint.Container}";
        var seconds = _health!.TimeoutSeconds;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Url + path));
            request.Headers.Host = HostToAskUnder;
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var status = (int)answer.StatusCode;
            if (_health.Status is { } wanted ? status == wanted : status is >= 200 and < 400)
            {
                _good = endpoint;
                return new ProbeAnswer(true, true, $"{asked} answered {status}.");
            }

            var body = await ReadStartAsync(answer, limit.Token, cancellationToken);
            return new ProbeAnswer(
                false, false, $"{asked} answered {status}{NameAskedUnder(status)}{(body.Length > 0 ? $": {body}" : ".")}");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return new ProbeAnswer(false, false, $"{asked} got no answer: {fault.Message.TrimEnd('.')}.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProbeAnswer(
                false, false,
                string.Create(CultureInfo.InvariantCulture, $"{asked} got no answer within {seconds} s."));
        }
    }

    // As its users ask: a program that checks its Host header knows the names that it was given, and not our address.
    private string? HostToAskUnder =>
        _health!.Host ?? deployment.Options.Hosts.Concat(deployment.OwnHosts).FirstOrDefault();

    // Said where the name may be why.
    private string NameAskedUnder(int status) => status is 400 or 403 or 404 or 421 && HostToAskUnder is { } host
        ? $", asked as {host}"
        : "";

    private static async Task<string> ReadStartAsync(
        HttpResponseMessage answer, CancellationToken limit, CancellationToken cancellationToken)
    {
        var buffer = new byte[QuotedCharacters];
        var read = 0;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(limit);
            while (await body.ReadAsync(buffer.AsMemory(read), limit) is var count and > 0)
            {
                read += count;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The status is the answer; of its body there is what came in time.
        }

        return OneLine(System.Text.Encoding.UTF8.GetString(buffer, 0, read));
    }

    private static ProbeAnswer JudgeHealth(Health health)
    {
        if (health.Status == "healthy")
        {
            return new ProbeAnswer(true, true, "Its health check succeeded.");
        }

        var last = health.Log?.LastOrDefault();
        var answer = last is null ? "Its health check has not answered yet." : Ended(last.ExitCode, last.Output ?? "");
        return new ProbeAnswer(false, health.Status == "unhealthy", answer) { IsPending = health.Status == "starting" };
    }

    private async Task<ProbeAnswer> ConnectAnyAsync(CancellationToken cancellationToken)
    {
        if (deployment.Endpoints.Count == 0)
        {
            return new ProbeAnswer(true, false, "It has no port to ask on.");
        }

        if (!isReachable)
        {
            return new ProbeAnswer(true, false, $"It cannot be asked: {OutOfReach}.");
        }

        foreach (var endpoint in deployment.Endpoints)
        {
            if (await ConnectsAsync(endpoint, cancellationToken))
            {
                return new ProbeAnswer(true, false, $"Port {endpoint.Container} takes connections.");
            }
        }

        var ports = string.Join(", ", deployment.Endpoints.Select(endpoint => endpoint.Container));
        return new ProbeAnswer(false, false, $"Nothing in the container takes connections on port {ports}.");
    }

    private static async Task<bool> ConnectsAsync(PublishedPort endpoint, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(endpoint.Address), endpoint.Host, limit.Token);
            limit.CancelAfter(ClosesWithin);
            return await socket.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Still open and silent: somebody waits for a request.
            return socket.Connected;
        }
    }

    private static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= QuotedCharacters ? line : line[..QuotedCharacters] + "…";
    }
}
