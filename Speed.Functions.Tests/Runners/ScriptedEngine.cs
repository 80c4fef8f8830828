using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Speed.Deployments;
using Speed.Runners;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Runners;

/// <summary>
/// Just enough of an engine, on a socket of its own: it says its version, and else what a test has it say. For what the real
/// one does in a moment too short to be met.
/// </summary>
internal sealed class ScriptedEngine : IAsyncDisposable
{
    /// <summary>Of the runner that speaks to it.</summary>
    public const string Instance = "0123456789ab";

    private readonly TempFolder _folder = new();
    private readonly WebApplication _server;

    private ScriptedEngine(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Socket));
        _server = builder.Build();
        _server.Run(context => Asks(context, "/version")
            ? SayAsync(context, """{"Version": "20.10.24", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}""")
            : answer(context));
    }

    public string Endpoint => $"unix://{Socket}";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Socket => Path.Combine(_folder.FullPath, "d.sock");

    public static async Task<ScriptedEngine> StartAsync(Func<HttpContext, Task> answer)
    {
        var engine = new ScriptedEngine(answer);
        await engine._server.StartAsync(Now);
        return engine;
    }

    /// <summary>True for a request whose path ends so, whatever version of the API is before it.</summary>
    public static bool Asks(HttpContext context, string end) =>
        context.Request.Path.Value!.EndsWith(end, StringComparison.Ordinal);

    public static Task SayAsync(HttpContext context, string json, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(json, Now);
    }

    public DockerRunner NewRunner(Sandbox sandbox = Sandbox.Standard) => new(
        new DockerOptions { Endpoint = Endpoint, Sandbox = sandbox }, NamedStore.Create(Instance), NoVolumes.Of(Instance));

    /// <summary>Has a Dockerfile built by it, and gives the image.</summary>
    public async Task<string> BuildAsync(string dockerfile, RecordedLog recorded, Sandbox sandbox = Sandbox.Standard)
    {
        await using var runner = NewRunner(sandbox);
        await using var log = await DeploymentLog.OpenAsync(1, recorded, TimeProvider.System, Now);
        var plan = new BuildPlan(
            SomeDeployment.Of(1), new string('0', 64), "Dockerfile", dockerfile, new Dictionary<string, string>());
        var image = await runner.BuildAsync(plan, new MemoryTree(dockerfile), log, Now);
        await log.FlushAsync();
        return image;
    }

    /// <summary>Takes no new connections from now on, as an engine on its way down.</summary>
    public void TakeNoMore() => File.Delete(Socket);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
