using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>A SPEED that asks for keys and starts nothing, and the words in which tests ask it for some.</summary>
internal static class Keys
{
    public static Task<SpeedApp> OpenAsync(Dictionary<string, string>? settings = null) =>
        SpeedApp.OpenIdleAsync(new(settings ?? []) { ["Speed__Auth"] = "required" });

    /// <summary>The key that was made at the first start.</summary>
    public static string AdminKey(this SpeedApp app) =>
        File.ReadAllText(Path.Combine(app.DataDirectory, "admin.key")).Trim();

    public static async Task<string> NewTokenAsync(this SpeedApp app, string[] scopes, string[]? repos = null)
    {
        var answer = await app.AskAsync(
            "POST", "/v1/tokens", app.AdminKey(), new { name = "a test", scopes, repos = repos ?? [] });
        Assert.Equal(201, answer.Status);
        return answer.Json.GetProperty("token").GetString()!;
    }

    public static async Task<long> StartWithAsync(this SpeedApp app, string key, string url)
    {
        var answer = await app.AskAsync("POST", "/start", key, new { url, branch = "main" });
        Assert.True(answer.Status == 201, answer.Text);
        return answer.Json.GetProperty("id").GetInt64();
    }

    /// <summary>Signs in, and gives the headers that a page of that browser sends.</summary>
    public static async Task<(string Name, string Value)[]> SignInAsync(this SpeedApp app, string token)
    {
        var answer = await app.AskAsync("POST", "/v1/session", null, new { token });
        Assert.True(answer.Status == 200, answer.Text);
        return
        [
            ("Cookie", answer.Headers["Set-Cookie"].Split(';')[0]),
            (AccessSettings.SessionHeader, answer.Json.GetProperty("session").GetString()!),
        ];
    }

    /// <param name="key">Null: none is sent.</param>
    /// <param name="body">Null: none is sent.</param>
    public static async Task<Answer> AskAsync(
        this SpeedApp app, string method, string path, string? key, object? body = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        request.Content = body is null ? null : JsonContent.Create(body, options: JsonSerializerOptions.Default);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        using var answer = await app.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(answer);
    }
}
