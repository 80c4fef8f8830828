using System.Net;
using System.Text;
using System.Text.Json;
using Speed.Security;

namespace Speed.Tests;

/// <summary>Answers on loopback as a script has it: SPEED, or its engine, at its worst.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private static readonly string Token = $"spd_0123456789ab_{new string('x', 43)}";

    private readonly HttpListener _listener = new();
    private readonly Func<HttpListenerContext, Task> _answer;
    private readonly Task _accepting;

    /// <param name="answer">Answers one request; several at a time.</param>
    /// <param name="proves">False: what asks for a proof gets the script's answer as well.</param>
    public ScriptedServer(Func<HttpListenerContext, Task> answer, bool proves = true)
    {
        _answer = context => proves && context.Request.RawUrl == "/v1/session/challenge" ? ProveAsync(context) : answer(context);
        Address = $"http://127.0.0.1:{FreePort.Find()}/";
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Of a command line that takes it for SPEED: it proves that it has the token.</summary>
    public Dictionary<string, string> Environment => new() { ["SPEED_SERVER"] = Address, ["SPEED_TOKEN"] = Token };

    public static async Task SayAsync(HttpListenerContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        try
        {
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
        catch (HttpListenerException)
        {
            // The client has what it wanted, and is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _accepting;
    }

    private static async Task ProveAsync(HttpListenerContext context)
    {
        using var asked = await JsonDocument.ParseAsync(context.Request.InputStream);
        var (id, nonce) = (asked.RootElement.GetProperty("id").GetString()!, asked.RootElement.GetProperty("nonce").GetString()!);
        await SayAsync(context, 200, $$"""{"proof": "{{KeyProof.Of(KeyProof.ValueOf(Token), id, nonce)}}"}""");
    }

    private async Task AcceptAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (true)
            {
                answers.Add(_answer(await _listener.GetContextAsync()));
            }
        }
        catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }

        await Task.WhenAll(answers);
    }
}
