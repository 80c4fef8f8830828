using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests;

/// <summary>Reports as a program in a container does: through the socket, with the token of its deployment.</summary>
internal static class ReportClient
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>The token with which the program of this deployment reports.</summary>
    public static async Task<string> LeaderTokenAsync(this SpeedApp app, long id)
    {
        var deployment = await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(id, Now);
        return app.Services.GetRequiredService<LeaderTokens>().For(deployment!);
    }

    /// <summary>Opens a connection to the socket, and sends nothing.</summary>
    public static async Task<Socket> ConnectAsync(this SpeedApp app)
    {
        var address = new UnixDomainSocketEndPoint(app.Services.GetRequiredService<ReportFolder>().Socket);
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(address, Now);
                return socket;
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.WouldBlock)
            {
                // As many wait to be taken as the system lets wait.
                socket.Dispose();
                await Task.Delay(1, Now);
            }
        }
    }

    /// <summary>Speaks through the socket with a key; to be disposed of, which closes its connections.</summary>
    public static HttpClient OpenReports(this SpeedApp app, string key)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, _) => new NetworkStream(await app.ConnectAsync(), ownsSocket: true),
        })
        {
            BaseAddress = new Uri("http://speed"),
            DefaultRequestVersion = HttpVersion.Version11,
        };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        return client;
    }

    public static async Task<Answer> ReportAsync(this HttpClient client, long id, string results)
    {
        using var answer = await client.PostAsJsonAsync($"/add_results/{id}", new { results }, Now);
        return await Answer.ReadAsync(answer);
    }

    public static async Task<Answer> UpdateAsync(this HttpClient client, long id, string word)
    {
        using var answer = await client.PostAsJsonAsync("/update", new { id, new_results = word }, Now);
        return await Answer.ReadAsync(answer);
    }
}
