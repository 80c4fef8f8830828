using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using Speed.Endpoints;
using Xunit;
using static Speed.Tests.Hooks.HookSender;

namespace Speed.Tests.Hooks;

/// <summary>Drives SPEED over HTTP: deliveries that are large, and those that are believed and refused.</summary>
public sealed class LargeDeliveryTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_of_two_thousand_commits_is_taken_and_its_body_is_not_kept()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync(paths: ["src/999.c"]);
        var payload = Payloads.GithubPush();
        payload["commits"] = new JsonArray([.. Enumerable.Range(0, 2_000).Select(i => new JsonObject
        {
            ["id"] = Payloads.After,
            ["message"] = new string('m', 600),
            ["added"] = new JsonArray(),
            ["removed"] = new JsonArray(),
            ["modified"] = new JsonArray($"src/{i}.c"),
        })]);

        var answer = await app.DeliverAsync(payload, id: "guid-1");
        var redelivered = await app.SendAsync("/v1/hooks/app/deliveries/1/redeliver", "");

        Assert.True(payload.ToJsonString().Length > 1024 * 1024);
        Assert.Equal(
            (202, "started", "branch `main` was pushed with a change of `src/999.c`"),
            (answer.Status, answer.Decision(), answer.Reason()));
        Assert.Equal((409, "BODY_NOT_KEPT"), (redelivered.Status, redelivered.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Twenty_five_megabytes_are_taken_and_what_is_more_is_refused_on_record()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        var most = Fill(DeliveryReader.MaxBytes);

        var taken = await DeliverAsync(app, most);
        var refused = await DeliverAsync(app, most + " ");
        var strange = await app.DeliverRawAsync(
            most + " ", ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=" + Sign("x")));

        Assert.Equal("started", taken.Decision());
        Assert.Equal((413, "BODY_TOO_LARGE"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        Assert.Equal(401, strange.Status);
        var records = await app.DeliveriesAsync();
        Assert.Equal(2, records.Length);
        Assert.Equal(
            ("push", "ignored", "refused: The delivery is over 25 MiB: start what it is of with POST /v1/deployments."),
            (records[0].GetProperty("event").GetString(), records[0].GetProperty("decision").GetString(),
                records[0].GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task What_is_believed_and_no_payload_is_on_record_and_may_come_again_under_its_id()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        await app.AddHookAsync();
        const string List = "[1]";
        var push = Payloads.GithubPush().ToJsonString();

        var list = await app.DeliverRawAsync(
            List, ("X-GitHub-Delivery", "guid"), ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=" + Sign(List)));
        var text = await app.DeliverRawAsync(
            push, ("Content-Type", "text/plain"), ("X-GitHub-Delivery", "guid"), ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", "sha256=" + Sign(push)));
        var good = await app.DeliverAsync(Payloads.GithubPush(), id: "guid");

        Assert.Equal((400, 415, "started"), (list.Status, text.Status, good.Decision()));
        Assert.Equal(
            ["branch `main` was pushed",
                "refused: A delivery must be JSON: set the hook's content type to application/json.",
                "refused: The delivery is not a JSON object."],
            (await app.DeliveriesAsync()).Select(one => one.GetProperty("reason").GetString()));
        Assert.Equal(1, await app.CountDeploymentsAsync());
    }

    [Fact]
    public async Task Strangers_hold_the_memory_of_two_large_ones_for_half_a_minute_at_most()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var app = await SpeedApp.OpenAsync(
            new() { ["Speed__MaxRunning"] = "0" }, services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        await app.AddHookAsync();
        var reader = app.Services.GetRequiredService<DeliveryReader>();
        using var one = await BeginAsync(app);
        using var two = await BeginAsync(app);
        await WaitForAsync(() => reader.FreePlaces == 0);

        var large = await DeliverAsync(app, Fill(2 * 1024 * 1024));
        var small = await app.DeliverAsync(Payloads.GithubPush());
        time.Advance(DeliveryReader.Longest);
        await WaitForAsync(() => reader.FreePlaces == DeliveryReader.MaxLarge);
        var later = await DeliverAsync(app, Fill(2 * 1024 * 1024));

        Assert.Equal((429, "TOO_MANY_LARGE_DELIVERIES"), (large.Status, large.Json.GetProperty("code").GetString()));
        Assert.True(large.Headers.ContainsKey("Retry-After"));
        Assert.Equal((202, 202), (small.Status, later.Status));
        if (!RunningSpeed.IsUnderHost)
        {
            // A Functions host waits for the last byte itself.
            Assert.StartsWith("HTTP/1.1 408", await ReadLineAsync(one), StringComparison.Ordinal);
        }
    }

    // White space behind the payload is signed with it.
    private static string Fill(int bytes) => Payloads.GithubPush().ToJsonString().PadRight(bytes);

    private static Task<Answer> DeliverAsync(SpeedApp app, string body) => app.DeliverRawAsync(
        body, ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", "sha256=" + Sign(body)));

    // Promises 2 MiB, and sends all but the last byte.
    private static async Task<TcpClient> BeginAsync(SpeedApp app)
    {
        const int Length = 2 * 1024 * 1024;
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Client.BaseAddress!.Port, Now);
        var head = $"POST /v1/hooks/app/deliver HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {Length}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Now);
        await client.GetStream().WriteAsync(new byte[Length - 1], Now);
        return client;
    }

    private static async Task<string?> ReadLineAsync(TcpClient client)
    {
        using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
        return await reader.ReadLineAsync(Now);
    }

    private static async Task WaitForAsync(Func<bool> isThere)
    {
        while (!isThere())
        {
            await Task.Delay(20, Now);
        }
    }
}
