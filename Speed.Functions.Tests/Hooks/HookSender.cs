using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Speed.Tests.Hooks;

/// <summary>The words in which tests make hooks and play the forge.</summary>
internal static class HookSender
{
    public const string Secret = "correct-horse-battery";

    /// <summary>Makes a hook called <c>app</c>.</summary>
    public static async Task<Answer> AddHookAsync(
        this SpeedApp app, string forge = "github", string url = Payloads.Url, string[]? branches = null,
        string[]? paths = null, object? options = null, string name = "app")
    {
        var body = new { name, forge, url, branches = branches ?? ["*"], paths, secret = Secret, options };
        var answer = await app.SendAsync("/v1/hooks", JsonSerializer.Serialize(body));
        Assert.True(answer.Status == 201, answer.Text);
        return answer;
    }

    /// <summary>Delivers as GitHub does, under a new id unless told.</summary>
    public static Task<Answer> DeliverAsync(
        this SpeedApp app, JsonObject payload, string name = "push", string? id = null, string hook = "app")
    {
        var body = payload.ToJsonString();
        return app.DeliverRawAsync(
            body, ("X-GitHub-Event", name), ("X-GitHub-Delivery", id ?? Guid.NewGuid().ToString()),
            ("X-Hub-Signature-256", "sha256=" + Sign(body)), ("hook", hook));
    }

    /// <param name="headers"><c>hook</c> is the hook's name, <c>app</c> unless given.</param>
    public static async Task<Answer> DeliverRawAsync(
        this SpeedApp app, string body, params (string Name, string Value)[] headers)
    {
        var hook = headers.FirstOrDefault(header => header.Name == "hook").Value ?? "app";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/hooks/{hook}/deliver");
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in headers.Where(header => header.Name != "hook"))
        {
            if (name == "Content-Type")
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else
            {
                Assert.True(request.Headers.TryAddWithoutValidation(name, value));
            }
        }

        using var answer = await app.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(answer);
    }

    public static string Sign(string body, string secret = Secret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)));

    /// <summary>The headers by which a hook of any forge but Bitbucket knows its secret.</summary>
    public static (string Name, string Value)[] Signed(string body, string secret) =>
    [
        ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", $"sha256={Sign(body, secret)}"), ("X-Gitlab-Token", secret),
        ("X-Gitea-Signature", Sign(body, secret)),
    ];

    /// <summary>The newest first.</summary>
    public static async Task<JsonElement[]> DeliveriesAsync(this SpeedApp app) =>
        [.. (await app.GetAsync("/v1/hooks/app/deliveries")).GetProperty("items").EnumerateArray()];

    public static async Task<int> CountDeploymentsAsync(this SpeedApp app) =>
        (await app.GetAsync("/v1/deployments?limit=200")).GetProperty("items").GetArrayLength();

    public static string Decision(this Answer answer) => answer.Json.GetProperty("decision").GetString()!;

    public static string Reason(this Answer answer) => answer.Json.GetProperty("reason").GetString()!;
}
