using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static Speed.Tests.Hooks.HookSender;

namespace Speed.Tests.Hooks;

/// <summary>Drives SPEED over HTTP: who is believed, by the very bytes that came.</summary>
public sealed class SignatureTests
{
    private const string Body = """{ "object_kind" : "push", "text": "ü" }""";

    [Theory]
    [InlineData("github", "X-Hub-Signature-256", "sha256=")]
    [InlineData("gitea", "X-Gitea-Signature", "")]
    [InlineData("gitea", "X-Forgejo-Signature", "")]
    [InlineData("gitea", "X-Hub-Signature-256", "sha256=")]
    [InlineData("bitbucket", "X-Hub-Signature", "sha256=")]
    public async Task A_delivery_is_believed_by_the_digest_of_its_bytes(string forge, string header, string prefix)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(forge);

        var good = await app.DeliverRawAsync(Body, (header, prefix + Sign(Body)));
        var tampered = await app.DeliverRawAsync(Body.Replace("push", "pusH"), (header, prefix + Sign(Body)));
        var spaced = await app.DeliverRawAsync(Body + " ", (header, prefix + Sign(Body)));
        var otherwise = await app.DeliverRawAsync(Body, (header, prefix + Sign(Body, "another secret 123")));
        var cut = await app.DeliverRawAsync(Body, (header, prefix + Sign(Body)[..^1]));
        var empty = await app.DeliverRawAsync(Body, (header, prefix));
        var none = await app.DeliverRawAsync(Body);
        var token = await app.DeliverRawAsync(Body, ("X-Gitlab-Token", Secret));

        Assert.Equal(202, good.Status);
        Assert.All([tampered, spaced, otherwise, cut, empty, none, token], answer => Assert.Equal(401, answer.Status));
        Assert.Single(await app.DeliveriesAsync());
    }

    [Fact]
    public async Task GitLab_shows_the_secret_itself()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync("gitlab");

        Assert.Equal(202, (await app.DeliverRawAsync(Body, ("X-Gitlab-Token", Secret))).Status);
        Assert.Equal(401, (await app.DeliverRawAsync(Body, ("X-Gitlab-Token", Secret + "x"))).Status);
        Assert.Equal(401, (await app.DeliverRawAsync(Body, ("X-Gitlab-Token", Secret.ToUpperInvariant()))).Status);
        Assert.Equal(401, (await app.DeliverRawAsync(Body, ("X-Hub-Signature-256", "sha256=" + Sign(Body)))).Status);
    }

    [Fact]
    public async Task Or_signs_id_time_and_body_with_a_signing_token_for_five_minutes()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        var hook = new { name = "app", forge = "gitlab", url = Payloads.Url, branches = new[] { "*" }, secret = "whsec_" + Convert.ToBase64String(key) };
        using var made = await app.PostAsync("/v1/hooks", hook);

        Assert.Equal(202, (await SendAsync(0, Body, "id-1")).Status);
        Assert.Equal(202, (await SendAsync(-299, Body, "id-2")).Status);
        Assert.Equal(401, (await SendAsync(-301, Body, "id-3")).Status);
        Assert.Equal(401, (await SendAsync(301, Body, "id-4")).Status);
        Assert.Equal(401, (await SendAsync(0, Body + " ", "id-5")).Status);
        Assert.Equal(401, (await SendAsync(0, Body, "id-6", sentId: "id-7")).Status);
        Assert.Equal(["id-2", "id-1"], (await app.DeliveriesAsync()).Select(one => one.GetProperty("forge_id").GetString()));

        Task<Answer> SendAsync(int seconds, string body, string id, string? sentId = null)
        {
            var at = (time.GetUtcNow().ToUnixTimeSeconds() + seconds).ToString(CultureInfo.InvariantCulture);
            var signature = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{id}.{at}.{Body}"));
            return app.DeliverRawAsync(
                body, ("webhook-id", sentId ?? id), ("webhook-timestamp", at),
                ("webhook-signature", "v1,AAAA v1," + Convert.ToBase64String(signature)));
        }
    }

    [Fact]
    public async Task A_hook_that_is_not_there_is_refused_as_a_wrong_signature_is()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Auth"] = "required" });

        var unknown = await app.DeliverAsync(Payloads.GithubPush(), hook: "none");
        var strange = await app.DeliverRawAsync(Body, ("hook", "%0a..x"));

        Assert.Equal((401, "SIGNATURE_INVALID"), (unknown.Status, unknown.Json.GetProperty("code").GetString()));
        Assert.Equal(401, strange.Status);
        Assert.Empty(await app.Services.GetRequiredService<Speed.Security.IAccessStore>()
            .ReadAuditAsync(10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_secret_is_in_no_answer_but_the_first_and_in_no_file()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var made = await app.AddHookAsync();
        await app.DeliverAsync(Payloads.GithubPush());
        var shown = (await app.GetAsync("/v1/hooks")).GetRawText() + (await app.GetAsync("/v1/hooks/app")).GetRawText()
            + (await app.GetAsync("/v1/hooks/app/deliveries")).GetRawText();

        await app.RestartAsync();

        Assert.Equal(Secret, made.Json.GetProperty("secret").GetString());
        Assert.DoesNotContain("secret", shown, StringComparison.Ordinal);
        Assert.All(
            Directory.GetFiles(app.DataDirectory).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)),
            file => Assert.Equal(-1, ReadShared(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret))));
        Assert.Equal(202, (await app.DeliverAsync(Payloads.GithubPush())).Status);
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }
}
