using System.Net;
using System.Text;

namespace Speed.Tests;

/// <summary>Answers on loopback as a script has it: SPEED, or its engine, at its worst.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<HttpListenerContext, Task> _answer;
    private readonly Task _accepting;

    /// <param name="answer">Answers one request; several at a time.</param>
    public ScriptedServer(Func<HttpListenerContext, Task> answer)
    {
        _answer = answer;
        Address = $"http://127.0.0.1:{FreePort.Find()}/";
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Of a command line that takes it for SPEED.</summary>
    public Dictionary<string, string> Environment => new() { ["SPEED_SERVER"] = Address, ["SPEED_TOKEN"] = "spd_test" };

    public static async Task SayAsync(HttpListenerContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
        context.Response.Close();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _accepting;
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
