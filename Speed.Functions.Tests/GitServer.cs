using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Speed.Tests;

/// <summary>Serves real repositories over smart HTTP on a loopback port of its own, and can misbehave.</summary>
public sealed class GitServer : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("speed-git-").FullName;
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;
    private volatile int _status;
    private volatile bool _hangs;
    private volatile bool _hangsInPack;

    private GitServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(SetLimits);
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>For example <c>http://127.0.0.1:40123</c>.</summary>
    public string Url => _app.Urls.First();

    /// <summary>Method and path with query of each request so far.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>
    /// True: the server knows version 0 of the protocol only, and gives no commit that no branch or tag names.
    /// </summary>
    public bool IsOld { get; set; }

    /// <summary>Completes once a request hangs.</summary>
    public Task Hanging => _hanging.Task;

    public static async Task<GitServer> StartAsync()
    {
        var server = new GitServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Makes a repository at <c>/name.git</c>. Without changes it is empty.</summary>
    public Task<GitRepository> CreateAsync(string name, Action<GitChanges>? changes = null, string branch = "main") =>
        GitRepository.CreateAsync(Path.Combine(_root, name + ".git"), $"{Url}/{name}.git", changes, branch);

    /// <summary>From now on every request is answered with this status and nothing else; 0: properly again.</summary>
    public void Answer(int status) => _status = status;

    /// <summary>From now on every request hangs until its client leaves.</summary>
    public void Hang() => _hangs = true;

    /// <summary>From now on branches are told, but the answer with the objects stops after a few bytes.</summary>
    public void HangInPack() => _hangsInPack = true;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _app.DisposeAsync();
        _ending.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static void SetLimits(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    private async Task ServeAsync(HttpContext context)
    {
        _requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ending.Token);
        try
        {
            if (_status != 0)
            {
                Refuse(context, _status);
            }
            else if (_hangs)
            {
                await HangAsync(leaving.Token);
            }
            else if (_hangsInPack && await GitHttpBackend.AsksForPackAsync(context.Request))
            {
                context.Response.ContentType = "application/x-git-upload-pack-result";
                await context.Response.WriteAsync("000dpackfile\n", leaving.Token);
                await context.Response.Body.FlushAsync(leaving.Token);
                await HangAsync(leaving.Token);
            }
            else
            {
                await GitHttpBackend.AnswerAsync(context, _root, IsOld, leaving.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The client left, or the test is over.
        }
    }

    private static void Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Git\"";
        }
    }

    private Task HangAsync(CancellationToken cancellationToken)
    {
        _hanging.TrySetResult();
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
