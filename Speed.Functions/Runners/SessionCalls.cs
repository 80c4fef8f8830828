using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Kind = Speed.Runners.FilePacket.Types.Kind;

namespace Speed.Runners;

/// <summary>Answers what the engine calls in a build's session: whether we are well, and what files there are.</summary>
/// <param name="dockerfile">The Dockerfile alone, which no instruction copies from.</param>
internal sealed class SessionCalls(ContextFiles dockerfile, ContextFiles context, TimeProvider time) : IHttpApplication<HttpContext>
{
    /// <summary>The calls that the engine is told of.</summary>
    public const string DiffCopy = "/moby.filesync.v1.FileSync/DiffCopy";

    private const string Check = "/grpc.health.v1.Health/Check";
    private const int PieceBytes = 128 * 1024;
    private const int Unimplemented = 12;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    private int _ignoreFileAsked;

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        var status = 0;
        if (context.Request.Path == DiffCopy)
        {
            await SendFilesAsync(context, FilesFor(context.Request.Headers));
        }
        else if (context.Request.Path == Check)
        {
            await WriteAsync(context, new SessionHealth { Status = SessionHealth.Types.Status.Serving });
        }
        else
        {
            status = Unimplemented;
        }

        context.Response.AppendTrailer("grpc-status", $"{status}");
        await context.Response.CompleteAsync();
        await DrainAsync(context);
    }

    // The first who asks for the ignore file alone is the frontend, which would apply what is applied already.
    private ContextFiles? FilesFor(IHeaderDictionary headers)
    {
        var isIgnoreFile = headers["followpaths"] is [".dockerignore"];
        return headers["dir-name"] == "dockerfile" ? dockerfile
            : isIgnoreFile && Interlocked.Exchange(ref _ignoreFileAsked, 1) == 0 ? null
            : context;
    }

    // We say what there is; the engine says, by their numbers, which of the files it wants, and that it has them all.
    private static async Task SendFilesAsync(HttpContext call, ContextFiles? tree)
    {
        var wanted = Channel.CreateUnbounded<uint>();
        var reading = ReadWantedAsync(call, wanted.Writer);
        foreach (var file in tree?.Files ?? [])
        {
            await WriteAsync(call, new FilePacket { Stat = FileSync.StatOf(file) });
        }

        await WriteAsync(call, new FilePacket());
        var piece = new byte[PieceBytes];
        await foreach (var id in wanted.Reader.ReadAllAsync(call.RequestAborted))
        {
            var file = tree!.Files[(int)id];
            for (long from = 0; from < file.Entry.Size;)
            {
                var read = await tree.ReadAsync(file, from, piece, call.RequestAborted);
                var data = UnsafeByteOperations.UnsafeWrap(piece.AsMemory(0, read));
                await WriteAsync(call, new FilePacket { Kind = Kind.Data, Id = id, Data = data });
                from += read;
            }

            await WriteAsync(call, new FilePacket { Kind = Kind.Data, Id = id });
        }

        await reading;
        await WriteAsync(call, new FilePacket { Kind = Kind.End });
    }

    // The engine closes its side last, an older one not before it has our status. What came for a call that is over would
    // make the server end the connection, and with it the calls beside this one.
    private async Task DrainAsync(HttpContext call)
    {
        using var patience = new CancellationTokenSource(DrainLimit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.RequestAborted, patience.Token);
        try
        {
            await call.Request.Body.CopyToAsync(Stream.Null, limit.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // It has closed its side by giving up the call, which it does once it has everything.
        }
    }

    private static async Task ReadWantedAsync(HttpContext call, ChannelWriter<uint> wanted)
    {
        Exception? fault = null;
        try
        {
            while (await FileSync.ReadAsync(call.Request.BodyReader, call.RequestAborted)
                is { Kind: not (Kind.End or Kind.Fault) } packet)
            {
                if (packet.Kind == Kind.Request)
                {
                    wanted.TryWrite(packet.Id);
                }
            }
        }
        catch (Exception exception)
        {
            fault = exception;
            throw;
        }
        finally
        {
            wanted.Complete(fault);
        }
    }

    private static Task WriteAsync(HttpContext call, IMessage message) =>
        FileSync.WriteAsync(call.Response.BodyWriter, message, call.RequestAborted);
}
