using Microsoft.Extensions.DependencyInjection;
using Speed.Endpoints;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: HEAD, which is asked wherever GET is.</summary>
public sealed class HeadTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Host", "Both")]
    public async Task Wherever_GET_is_answered_HEAD_is_with_the_same_headers_and_no_body()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://example.com/r.git", "main");
        var paths = app.Services.GetRequiredService<FunctionTable>().Functions
            .Where(function => function.Methods.Contains("GET"))
            .Select(function => AccessTests.PathOf(function, 1)).Distinct().ToList();
        Assert.True(paths.Count > 15);

        foreach (var path in paths.Where(path => path != "/v1/events"))
        {
            using var got = await app.Client.GetAsync(path, Now);
            using var head = await HeadAsync(app, path);

            Assert.True(got.StatusCode == head.StatusCode, $"{path}: {got.StatusCode}, but {head.StatusCode}");
            Assert.Equal(got.Content.Headers.ContentType, head.Content.Headers.ContentType);
            Assert.Equal(got.Headers.ETag, head.Headers.ETag);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Now));
        }
    }

    [Theory]
    [InlineData("/v1/events", "text/event-stream")]
    [InlineData("/v1/deployments/1/logs?follow=true", "text/plain")]
    [InlineData("/v1/deployments/1/logs?follow=true&format=ndjson", "application/x-ndjson")]
    [InlineData("/v1/deployments/1/logs?format=sse", "text/event-stream")]
    public async Task What_would_be_sent_for_ever_is_not_waited_for(string path, string type)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.StartAsync("https://example.com/r.git", "main");

        for (var time = 0; time < 3; time++)
        {
            using var head = await HeadAsync(app, path).WaitAsync(Soon, Now);

            Assert.Equal((200, type), ((int)head.StatusCode, head.Content.Headers.ContentType?.MediaType));
        }

        Assert.Equal("ok", (await app.GetAsync("/health")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Where_there_is_no_GET_there_is_no_HEAD()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        using var start = await HeadAsync(app, "/start");
        using var none = await HeadAsync(app, "/no/such/path");

        Assert.Equal((405, 404), ((int)start.StatusCode, (int)none.StatusCode));
    }

    private static async Task<HttpResponseMessage> HeadAsync(SpeedApp app, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        return await app.Client.SendAsync(request, Now);
    }
}
