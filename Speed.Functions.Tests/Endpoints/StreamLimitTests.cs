using System.Net;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: how many streams one token may have open, and what the others have.</summary>
[Trait("Host", "Both")]
public sealed class StreamLimitTests
{
    private const string Url = "https://github.com/owner/app.git";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_has_so_many_streams_with_its_sessions_and_takes_none_from_others()
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__StreamsPerToken"] = "2" });
        var token = await app.NewTokenAsync(["read"]);
        var log = $"/v1/deployments/{await app.StartWithAsync(app.AdminKey(), Url)}/logs?format=sse";
        var session = await app.SignInAsync(token);

        using var events = await OpenAsync(app, "/v1/events", ("Authorization", $"Bearer {token}"));
        using var followed = await OpenAsync(app, log, session);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], [events.StatusCode, followed.StatusCode]);

        foreach (var path in new[] { "/v1/events", log, log.Replace("format=sse", "follow=true", StringComparison.Ordinal) })
        {
            var refused = await app.AskAsync("GET", path, token);
            Assert.Equal(
                (429, "TOO_MANY_STREAMS", "10"),
                (refused.Status, refused.Json.GetProperty("code").GetString(), refused.Headers["Retry-After"]));
            Assert.Contains("Speed__StreamsPerToken", refused.Text, StringComparison.Ordinal);
            Assert.Equal(429, (await app.AskAsync("GET", path, null, null, session)).Status);
        }

        using var others = await OpenAsync(app, "/v1/events", ("Authorization", $"Bearer {app.AdminKey()}"));
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);
        Assert.Equal(200, (await app.AskAsync("GET", log.Split('?')[0], token)).Status);

        // It ends with the deployment, and its place is free then.
        var id = log.Split('/')[3];
        await app.AskAsync("POST", $"/v1/deployments/{id}/cancel", app.AdminKey(), new { });
        await followed.Content.ReadAsStringAsync(Now);
        using var again = await OpenAsync(app, "/v1/events", ("Authorization", $"Bearer {token}"));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    private static async Task<HttpResponseMessage> OpenAsync(
        SpeedApp app, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
    }
}
