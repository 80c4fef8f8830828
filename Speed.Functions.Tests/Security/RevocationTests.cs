using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives SPEED over HTTP: what is open when a key or session ends.</summary>
[Trait("Host", "Both")]
public sealed class RevocationTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private SpeedApp _app = null!;
    private long _id;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _app = await SpeedApp.OpenAsync(
            new() { ["Speed__Auth"] = "required", ["Speed__MaxRunning"] = "0" },
            services => services.AddSingleton<TimeProvider>(_time));
        _id = await _app.StartWithAsync(_app.AdminKey(), "https://github.com/owner/app.git");
        var logs = _app.Services.GetRequiredService<ILogStore>();
        await logs.OpenAsync(_id, Now);
        // The Functions host passes an answer on with its first byte.
        await logs.AppendAsync(
            _id, new LogChunk([new LogLine(1, _time.GetUtcNow(), DeploymentPhase.Run, LogStream.Stdout, "one", false)], 0), Now);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task What_a_token_has_open_is_cut_within_ten_seconds_of_its_revocation()
    {
        var (token, other) = (await _app.NewTokenAsync(["read"]), await _app.NewTokenAsync(["read"]));
        var open = await OpenAllAsync(Bearer(token));
        using var others = await OpenAsync("/v1/events", Bearer(other));

        await _app.AskAsync("DELETE", $"/v1/tokens/{token.Split('_')[1]}", _app.AdminKey());
        _time.Advance(TimeSpan.FromSeconds(10));

        await AllEndAsync(open);
        Assert.True(await GoesOnAsync(others));
    }

    [Fact]
    public async Task What_a_token_has_open_is_cut_within_ten_seconds_of_its_expiry()
    {
        var made = await _app.AskAsync(
            "POST", "/v1/tokens", _app.AdminKey(), new { name = "short", scopes = new[] { "read" }, expires_in_s = 60 });
        var open = await OpenAllAsync(Bearer(made.Json.GetProperty("token").GetString()!));

        _time.Advance(TimeSpan.FromSeconds(60));
        var ends = AllEndAsync(open);
        // While the clock jumps, what looks at it may see an earlier moment: the next look does not.
        for (var looks = 0; looks < 12 && !ends.IsCompleted; looks++)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(ends, Task.Delay(TimeSpan.FromSeconds(1), Now));
        }

        await ends;
    }

    [Fact]
    public async Task What_a_page_has_open_is_cut_within_ten_seconds_of_its_sign_out_and_of_its_token_s_end()
    {
        var token = await _app.NewTokenAsync(["read"]);
        var (one, two) = (await _app.SignInAsync(_app.AdminKey()), await _app.SignInAsync(token));
        var open = (await OpenAllAsync(one)).Concat(await OpenAllAsync(two)).ToList();

        await _app.AskAsync("DELETE", "/v1/session", null, null, one);
        await _app.AskAsync("DELETE", $"/v1/tokens/{token.Split('_')[1]}", _app.AdminKey());
        _time.Advance(TimeSpan.FromSeconds(10));

        await AllEndAsync(open);
    }

    private static (string Name, string Value)[] Bearer(string token) => [("Authorization", $"Bearer {token}")];

    private async Task<List<HttpResponseMessage>> OpenAllAsync((string Name, string Value)[] headers)
    {
        var log = $"/v1/deployments/{_id}/logs";
        List<HttpResponseMessage> open = [];
        foreach (var path in new[] { $"{log}?follow=true", $"{log}?follow=true&format=ndjson", $"{log}?format=sse", "/v1/events" })
        {
            open.Add(await OpenAsync(path, headers));
        }

        return open;
    }

    private async Task<HttpResponseMessage> OpenAsync(string path, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        var answer = await _app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return answer;
    }

    private static async Task AllEndAsync(List<HttpResponseMessage> open)
    {
        foreach (var answer in open)
        {
            using (answer)
            {
                try
                {
                    await answer.Content.CopyToAsync(Stream.Null, Now).WaitAsync(TimeSpan.FromSeconds(60), Now);
                }
                catch (Exception cut) when (cut is HttpRequestException or IOException)
                {
                    // Cut off, as it should be.
                }
            }
        }
    }

    // A change of another deployment is told.
    private async Task<bool> GoesOnAsync(HttpResponseMessage events)
    {
        var id = await _app.StartWithAsync(_app.AdminKey(), "https://github.com/owner/other.git");
        using var lines = new StreamReader(await events.Content.ReadAsStreamAsync(Now));
        while (await lines.ReadLineAsync(Now).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Now) is { } line)
        {
            if (line.Contains($"\"deployment_id\":{id},", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
