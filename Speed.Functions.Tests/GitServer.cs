using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
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
    private readonly ConcurrentQueue<string> _authorizations = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;
    private volatile int _status;
    private volatile bool _hangs;
    private volatile bool _hangsForGit;
    private volatile bool _hangsInPack;

    private GitServer(X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => Set(kestrel, certificate));
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>For example <c>http://127.0.0.1:40123</c>.</summary>
    public string Url => _app.Urls.First();

    /// <summary>The folder that repositories are in.</summary>
    public string Root => _root;

    /// <summary>Method and path with query of each request so far.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>
    /// True: the server knows version 0 of the protocol only, and gives no commit that no branch or tag names.
    /// </summary>
    public bool IsOld { get; set; }

    /// <summary>Completes once a request hangs.</summary>
    public Task Hanging => _hanging.Task;

    /// <summary>What <c>Authorization</c> must say; without it every request is answered 401. Null: nothing.</summary>
    public string? Authorization { get; set; }

    /// <summary>Requests that come before it is completed wait for it.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    /// <summary>Answers requests before anything else does; null of it goes on.</summary>
    public Func<HttpRequest, string?> RedirectTo { get; set; } = _ => null;

    /// <summary>What <c>Authorization</c> said in each request so far; empty where it was not there.</summary>
    public IReadOnlyCollection<string> Authorizations => _authorizations;

    /// <param name="certificate">For https; null for http.</param>
    public static async Task<GitServer> StartAsync(X509Certificate2? certificate = null)
    {
        var server = new GitServer(certificate);
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

    /// <summary>The same for git alone: SPEED's own question for redirects is answered.</summary>
    public void HangForGit() => _hangsForGit = true;

    /// <summary>From now on branches are told, but the answer with the objects stops after a few bytes.</summary>
    public void HangInPack() => _hangsInPack = true;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _app.DisposeAsync();
        _ending.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static void Set(KestrelServerOptions kestrel, X509Certificate2? certificate)
    {
        kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        });
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    private async Task ServeAsync(HttpContext context)
    {
        _requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        _authorizations.Enqueue(context.Request.Headers.Authorization.ToString());
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ending.Token);
        try
        {
            if (_status != 0)
            {
                Refuse(context, _status);
            }
            else if (RedirectTo(context.Request) is { } target)
            {
                context.Response.Redirect(target);
            }
            else if (Authorization is not null && context.Request.Headers.Authorization != Authorization)
            {
                Refuse(context, StatusCodes.Status401Unauthorized);
            }
            else if (_hangs || (_hangsForGit && !IsSpeed(context.Request)))
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
                await HoldAsync(Held, leaving.Token);
                await GitHttpBackend.AnswerAsync(context, _root, IsOld, leaving.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The client left, or the test is over.
        }
    }

    private static bool IsSpeed(HttpRequest request) => request.Headers.UserAgent.ToString().Contains("SPEED");

    private static void Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Git\"";
        }
    }

    private Task HangAsync(CancellationToken cancellationToken) =>
        HoldAsync(Task.Delay(Timeout.Infinite, cancellationToken), cancellationToken);

    private Task HoldAsync(Task until, CancellationToken cancellationToken)
    {
        if (!until.IsCompleted)
        {
            _hanging.TrySetResult();
        }

        return until.WaitAsync(cancellationToken);
    }
}
