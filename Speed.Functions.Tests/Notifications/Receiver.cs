using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>Takes requests on a loopback port of its own, and answers by a script: 204 unless told.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly Channel<Received> _requests = Channel.CreateUnbounded<Received>();
    private readonly ConcurrentQueue<Received> _all = new();
    private readonly WebApplication _app;

    private Receiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    /// <summary>For example <c>http://127.0.0.1:40123</c>.</summary>
    public string Url => _app.Urls.First();

    public IReadOnlyCollection<Received> All => _all;

    /// <summary>Gives the status; null never answers.</summary>
    public Func<Received, int?> Script { get; set; } = _ => 204;

    /// <summary>Headers of every answer.</summary>
    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>Of every answer.</summary>
    public string Body { get; set; } = "";

    public static async Task<Receiver> StartAsync()
    {
        var receiver = new Receiver();
        await receiver._app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>The next request that came.</summary>
    public async Task<Received> NextAsync() => await _requests.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new Received(
            context.Request.Method,
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget,
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync(context.RequestAborted));
        _all.Enqueue(request);
        await _requests.Writer.WriteAsync(request, context.RequestAborted);
        if (Script(request) is not { } status)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return;
        }

        context.Response.StatusCode = status;
        foreach (var (name, value) in Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (status != 204)
        {
            await context.Response.WriteAsync(Body, context.RequestAborted);
        }
    }
}

internal sealed record Received(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string Type => Json.GetProperty("type").GetString()!;

    public long DeploymentId => Json.GetProperty("data").GetProperty("id").GetInt64();
}
