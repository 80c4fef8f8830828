using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Speed.Tests.Hosts;

/// <summary>
/// Stands in for the Azure Functions host: starts a worker as that host does, loads its functions, and passes on to it
/// the requests that one of them takes. What it does is what was seen of the real one (4.1037), with its faults: an
/// answer ends only with its invocation, and a worker that ended with 0 has no successor. In one thing it is stricter: it
/// sends no request again for which nobody listens, for a worker can listen before it is told. Disposing it leaves no worker.
/// </summary>
internal sealed class FunctionsHost : IAsyncDisposable
{
    private const int MaxFailedWorkers = 3;
    private const int StartAnother = 200;
    private const string InvocationId = "x-ms-invocation-id";
    // Whoever waits longer waits in vain. The host itself waits a minute for a worker, and at its own end five seconds: here
    // a busy machine is no fault of a worker's.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private static readonly HttpMessageInvoker Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
    });

    private static readonly ForwarderRequestConfig Forwarding = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    private readonly string _appFolder;
    private readonly StartWorker _start;
    private readonly ConcurrentQueue<string> _output = [];
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly SemaphoreSlim _printed = new(0);
    private readonly ConcurrentDictionary<string, WorkerChannel> _starting = [];
    private readonly ConcurrentQueue<IWorker> _workers = [];
    private readonly ConcurrentDictionary<IWorker, Task<int>> _lives = [];
    private HostServer _rpc = null!;
    private HostServer? _front;
    private TaskCompletionSource<WorkerChannel> _channel = NewChannel();
    private int _failedWorkers;
    private bool _isOver;

    private FunctionsHost(string appFolder, StartWorker start) => (_appFolder, _start) = (appFolder, start);

    /// <summary>Where it takes requests.</summary>
    public Uri Address => _front!.Address;

    /// <summary>In the order in which they are tried.</summary>
    public IReadOnlyList<HostedFunction> Functions { get; private set; } = [];

    /// <summary>The worker that was started last.</summary>
    public IWorker Worker => _workers.Last();

    public int WorkersStarted => _workers.Count;

    /// <summary>What the workers printed, and what they logged through the host.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>The invocations that failed, as the host would log them.</summary>
    public IReadOnlyList<string> Failures => [.. _failures];

    /// <param name="appFolder">Where host.json is.</param>
    /// <returns>The host once all functions are loaded and it takes requests.</returns>
    public static async Task<FunctionsHost> StartAsync(string appFolder, StartWorker start)
    {
        var host = new FunctionsHost(appFolder, start);
        try
        {
            host._rpc = await HostServer.StartAsync(HttpProtocols.Http2, host.AddRpc, app => app.MapGrpcService<Rpc>());
            host.BeginWorker();
            var channel = await host._channel.Task.WaitAsync(Patience);
            host.Functions = channel.Functions;
            host._front = await HostServer.StartAsync(
                HttpProtocols.Http1, services => services.AddHttpForwarder(), host.MapFunctions);
            return host;
        }
        catch (Exception fault)
        {
            await host.DisposeAsync();
            throw new InvalidOperationException($"No functions were loaded: {fault.Message}\n{host.Output}", fault);
        }
    }

    /// <summary>The worker's exit code, once the host has noticed it and has begun another worker if it does so.</summary>
    public Task<int> EndOfAsync(IWorker worker) => _lives[worker];

    /// <summary>Returns once a worker has printed or logged this.</summary>
    public async Task PrintsAsync(string text, CancellationToken cancellationToken)
    {
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (!await _printed.WaitAsync(Patience, cancellationToken))
            {
                throw new TimeoutException($"Nothing printed has '{text}':\n{Output}");
            }
        }
    }

    /// <summary>The host alone is gone, from one moment to the next; its worker is told nothing.</summary>
    public async Task KillAsync()
    {
        _isOver = true;
        Worker.Leave();
        await CutAsync();
    }

    /// <summary>Ends the worker as the host does that is stopped: by a message, and after a while by force.</summary>
    /// <returns>The worker's exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        _isOver = true;
        (await _channel.Task).Terminate(Grace);
        if (await Task.WhenAny(Worker.Exit, Task.Delay(Grace)) != Worker.Exit)
        {
            Print("The worker did not end by itself.");
            Worker.Kill();
        }

        var exit = await Worker.Exit;
        await CutAsync();
        return exit;
    }

    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        await Task.WhenAll(_lives.Values);
        await CutAsync();
        await (_front?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _rpc.DisposeAsync();
        _printed.Dispose();
    }

    private static TaskCompletionSource<WorkerChannel> NewChannel() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void BeginWorker()
    {
        var channel = new WorkerChannel(_appFolder, Functions, Print);
        _starting[channel.Id] = channel;
        var (uri, request) = (_rpc.Address, Guid.NewGuid().ToString());
        var max = $"{int.MaxValue}";
        var worker = _start(
            [
                "--host", uri.Host, "--port", $"{uri.Port}", "--workerId", channel.Id, "--requestId", request,
                "--grpcMaxMessageLength", max, "--functions-uri", uri.AbsoluteUri, "--functions-worker-id", channel.Id,
                "--functions-request-id", request, "--functions-grpc-max-message-length", max,
            ],
            _appFolder,
            Print);
        _workers.Enqueue(worker);
        _lives[worker] = LiveAsync(channel, worker);
    }

    // From its start to its end, and on to the next one.
    private async Task<int> LiveAsync(WorkerChannel channel, IWorker worker)
    {
        var current = _channel;
        try
        {
            if (await Task.WhenAny(channel.Loaded, worker.Exit) == channel.Loaded)
            {
                await channel.Loaded;
                _failedWorkers = 0;
                current.TrySetResult(channel);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // It has ended: how, its exit code says.
            Print(fault.Message);
        }
        catch (Exception fault)
        {
            current.TrySetException(fault);
        }

        var exit = await worker.Exit;
        channel.Abandon();
        Print($"The worker ended with {exit}.");
        if (!_isOver)
        {
            _channel = current.Task.IsCompleted ? NewChannel() : current;
            Succeed(exit);
        }

        return exit;
    }

    private void Succeed(int exit)
    {
        if (exit != 0 && (exit == StartAnother || ++_failedWorkers < MaxFailedWorkers))
        {
            BeginWorker();
        }
        else if (exit != 0)
        {
            _channel.TrySetException(new IOException("Too many workers failed."));
        }
    }

    private async Task CutAsync()
    {
        await (_front?.CutAsync() ?? Task.CompletedTask);
        await _rpc.CutAsync();
    }

    private void Print(string line)
    {
        _output.Enqueue(line);
        _printed.Release();
    }

    private void AddRpc(IServiceCollection services)
    {
        services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        services.AddSingleton(new Rpc(this));
    }

    // The first in the order of names that has the path and the method; where there is none, an empty 404.
    private void MapFunctions(WebApplication app)
    {
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        app.UseRouting();
        app.Use((http, next) =>
        {
            // Also where routing found the path under other methods, and would say so.
            if (http.GetEndpoint() is RouteEndpoint)
            {
                return next(http);
            }

            http.SetEndpoint(null);
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        foreach (var (order, function) in Functions.Index())
        {
            Task AnswerAsync(HttpContext http) => this.AnswerAsync(http, function, forwarder);
            var route = function.Methods.Count == 0
                ? app.Map(function.Route, AnswerAsync)
                : app.MapMethods(function.Route, function.Methods, AnswerAsync);
            route.WithOrder(order);
        }
    }

    private async Task AnswerAsync(HttpContext http, HostedFunction function, IHttpForwarder forwarder)
    {
        var worker = await _channel.Task.WaitAsync(http.RequestAborted);
        var id = Guid.NewGuid().ToString();

        // One that the client sent stays, and its request finds no invocation.
        http.Request.Headers.TryAdd(InvocationId, id);
        var forwarding = forwarder.SendAsync(http, worker.HttpUri, Client, Forwarding, Transformer.Instance).AsTask();
        var failure = "";
        try
        {
            var result = await worker.InvokeAsync(function, id, http.Request.RouteValues, http.RequestAborted);
            failure = result.Status == StatusResult.Types.Status.Success
                ? ""
                : $"{result.Exception?.Message} ({result.Status})";
        }
        catch (IOException gone)
        {
            failure = gone.Message;
        }

        // A client that left is nobody's fault.
        var forwarded = await forwarding;
        if (failure.Length == 0 && forwarded != ForwarderError.None && !http.RequestAborted.IsCancellationRequested)
        {
            failure = $"The request was not forwarded: {forwarded}";
        }

        if (failure.Length > 0)
        {
            Fail(http, $"{function.Name}: {failure}");
        }
    }

    private void Fail(HttpContext http, string failure)
    {
        _failures.Enqueue(failure);
        if (!http.Response.HasStarted)
        {
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    /// <summary>As the host does: what a client says of proxies in front of it is replaced by what was seen.</summary>
    private sealed class Transformer : HttpTransformer
    {
        public static readonly Transformer Instance = new();

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext,
            HttpRequestMessage proxyRequest,
            string destinationPrefix,
            CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Host = null;
            Replace("X-Forwarded-For", $"{httpContext.Connection.RemoteIpAddress ?? IPAddress.None}");
            Replace("X-Forwarded-Host", httpContext.Request.Host.Value ?? "");
            Replace("X-Forwarded-Proto", httpContext.Request.Scheme);

            void Replace(string name, string value)
            {
                proxyRequest.Headers.Remove(name);
                proxyRequest.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    private sealed class Rpc(FunctionsHost host) : FunctionRpc.FunctionRpcBase
    {
        public override async Task EventStream(
            IAsyncStreamReader<StreamingMessage> requestStream,
            IServerStreamWriter<StreamingMessage> responseStream,
            ServerCallContext context)
        {
            await requestStream.MoveNext(context.CancellationToken);
            if (!host._starting.TryRemove(requestStream.Current.StartStream.WorkerId, out var channel))
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "There is no such worker."));
            }

            try
            {
                await channel.ServeAsync(requestStream, responseStream, context.CancellationToken);
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException)
            {
                host.Print($"The worker's stream ended: {fault.Message}");
            }
        }
    }
}
