using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Content = Speed.Tests.Hosts.StreamingMessage.ContentOneofCase;

namespace Speed.Tests.Hosts;

/// <summary>The host's conversation with one worker: the handshake, then invocations until either is gone.</summary>
/// <param name="known">The functions that an earlier worker had; empty for the first one, which is asked.</param>
/// <param name="log">Takes what the worker logs through it.</param>
internal sealed class WorkerChannel(string appFolder, IReadOnlyList<HostedFunction> known, Action<string> log)
{
    private readonly Channel<StreamingMessage> _outgoing = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StatusResult>> _invocations = [];
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id { get; } = Guid.NewGuid().ToString();

    /// <summary>Where the worker takes requests, once it has loaded.</summary>
    public string HttpUri { get; private set; } = "";

    public IReadOnlyList<HostedFunction> Functions { get; private set; } = known;

    /// <summary>Completes once all functions are loaded; fails where one cannot be, or the worker is gone.</summary>
    public Task Loaded => _loaded.Task;

    /// <summary>Until the worker is gone, or the host's side is aborted.</summary>
    public async Task ServeAsync(
        IAsyncStreamReader<StreamingMessage> from,
        IAsyncStreamWriter<StreamingMessage> to,
        CancellationToken cancellationToken)
    {
        var writing = WriteAsync(to, cancellationToken);
        try
        {
            await LoadAsync(from, cancellationToken);
            _loaded.TrySetResult();
            while (await from.MoveNext(cancellationToken))
            {
                Take(from.Current);
            }
        }
        catch (Exception fault)
        {
            _loaded.TrySetException(fault);
            throw;
        }
        finally
        {
            _outgoing.Writer.Complete();
            Abandon();
        }

        await writing;
    }

    /// <summary>Lets the worker run a function for a request that it gets by HTTP under the same id.</summary>
    /// <param name="route">What the path says of the route's parameters.</param>
    public async Task<StatusResult> InvokeAsync(
        HostedFunction function, string invocationId, RouteValueDictionary route, CancellationToken cancellationToken)
    {
        var ended = new TaskCompletionSource<StatusResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _invocations[invocationId] = ended;
        var request = new InvocationRequest
        {
            InvocationId = invocationId,
            FunctionId = function.Metadata.FunctionId,
            TraceContext = new RpcTraceContext(),
            InputData =
            {
                new ParameterBinding { Name = function.Parameter, Data = new TypedData { Http = new RpcHttp() } },
            },
        };
        foreach (var (name, value) in route)
        {
            request.TriggerMetadata[name] = new TypedData { String = $"{value}" };
        }

        Send(new StreamingMessage { InvocationRequest = request });
        await using var canceling = cancellationToken.Register(() => Send(new StreamingMessage
        {
            InvocationCancel = new InvocationCancel { InvocationId = invocationId },
        }));
        return await ended.Task;
    }

    /// <summary>Tells the worker to end itself.</summary>
    public void Terminate(TimeSpan grace) => Send(new StreamingMessage
    {
        WorkerTerminate = new WorkerTerminate { GracePeriod = Duration.FromTimeSpan(grace) },
    });

    /// <summary>What is under way has no end any more: the worker is gone.</summary>
    public void Abandon()
    {
        _loaded.TrySetException(new IOException("The worker was gone before it had loaded its functions."));
        foreach (var (id, ended) in _invocations)
        {
            ended.TrySetException(new IOException($"The worker was gone before invocation {id} had ended."));
        }
    }

    private async Task LoadAsync(IAsyncStreamReader<StreamingMessage> from, CancellationToken cancellationToken)
    {
        Send(new StreamingMessage
        {
            WorkerInitRequest = new WorkerInitRequest
            {
                HostVersion = "4.1037.0.0",
                WorkerDirectory = appFolder,
                FunctionAppDirectory = appFolder,
            },
        });
        var init = (await ReceiveAsync(from, Content.WorkerInitResponse, cancellationToken)).WorkerInitResponse;
        Check(init.Result, "start");
        HttpUri = init.Capabilities["HttpUri"];
        await ConnectAsync(new Uri(HttpUri), cancellationToken);
        if (Functions.Count == 0)
        {
            Functions = await AskForFunctionsAsync(from, cancellationToken);
        }

        foreach (var function in Functions)
        {
            Send(new StreamingMessage
            {
                FunctionLoadRequest = new FunctionLoadRequest
                {
                    FunctionId = function.Metadata.FunctionId,
                    Metadata = function.Metadata,
                },
            });
        }

        for (var i = 0; i < Functions.Count; i++)
        {
            var loaded = (await ReceiveAsync(from, Content.FunctionLoadResponse, cancellationToken))
                .FunctionLoadResponse;
            Check(loaded.Result, $"load {Functions.Single(one => one.Metadata.FunctionId == loaded.FunctionId).Name}");
        }
    }

    private async Task<IReadOnlyList<HostedFunction>> AskForFunctionsAsync(
        IAsyncStreamReader<StreamingMessage> from, CancellationToken cancellationToken)
    {
        Send(new StreamingMessage
        {
            FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = appFolder },
        });
        var found = (await ReceiveAsync(from, Content.FunctionMetadataResponse, cancellationToken))
            .FunctionMetadataResponse;
        Check(found.Result, "list its functions");
        var prefix = HostedFunction.ReadRoutePrefix(appFolder);
        return
        [
            .. found.FunctionMetadataResults
                .Select(function => HostedFunction.Of(function, prefix))
                .OrderBy(function => function.Name, StringComparer.Ordinal),
        ];
    }

    // The host passes requests on at once, and gives up those for which nobody has listened for two seconds.
    private static async Task ConnectAsync(Uri worker, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(worker.Host, worker.Port, cancellationToken);
        }
        catch (SocketException fault)
        {
            throw new InvalidOperationException($"The worker does not listen yet: {fault.Message}", fault);
        }
    }

    private async Task<StreamingMessage> ReceiveAsync(
        IAsyncStreamReader<StreamingMessage> from, Content content, CancellationToken cancellationToken)
    {
        while (await from.MoveNext(cancellationToken))
        {
            if (from.Current.ContentCase == content)
            {
                return from.Current;
            }

            Take(from.Current);
        }

        throw new IOException($"The worker closed its stream before {content}.");
    }

    private void Take(StreamingMessage message)
    {
        if (message.ContentCase == Content.InvocationResponse
            && _invocations.TryRemove(message.InvocationResponse.InvocationId, out var ended))
        {
            ended.TrySetResult(message.InvocationResponse.Result);
        }
        else if (message.ContentCase == Content.RpcLog)
        {
            log($"{message.RpcLog.Category}: {message.RpcLog.Message}");
        }
    }

    private static void Check(StatusResult result, string what)
    {
        if (result.Status != StatusResult.Types.Status.Success)
        {
            throw new InvalidOperationException($"The worker could not {what}: {result.Exception?.Message}");
        }
    }

    // Nobody reads it any more where the worker is gone, which whoever waits for an answer is told otherwise.
    private void Send(StreamingMessage message) => _outgoing.Writer.TryWrite(message);

    private async Task WriteAsync(IAsyncStreamWriter<StreamingMessage> to, CancellationToken cancellationToken)
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync(cancellationToken))
        {
            await to.WriteAsync(message, cancellationToken);
        }
    }
}
