using System.Net.Http.Headers;
using System.Text.Json;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.OpenApi;

/// <summary>Drives SPEED over HTTP: every function, in good ways and bad, held to the document.</summary>
public sealed class ContractTests
{
    private static readonly string[] Calls =
    [
        "GET /health", "GET /", "GET /ui/site.css", "GET /ui/none", "GET /openapi.json", "GET /nothing/here",
        "POST /start {\"url\":\"https://example.com/r.git\",\"branch\":\"main\",\"timeouts\":{\"run_s\":0},\"env\":{\"A\":\"b\"}}",
        "POST /start {\"url\":\"ftp://example.com\"}", "POST /start [", "GET /info/1", "GET /info/99", "GET /info/x",
        "POST /add_results/1 {\"results\":\"42\"}", "POST /add_results/1 {}", "POST /add_results/99 {\"results\":\"42\"}",
        "GET /results/1", "GET /results/99", "GET /v1/deployments/1", "GET /v1/deployments/1?wait=x",
        "GET /v1/deployments/99", "GET /v1/deployments/1/logs", "GET /v1/deployments/1/logs?format=ndjson",
        "GET /v1/deployments/1/logs?format=xml", "GET /v1/deployments/99/logs", "POST /update {\"id\":1,\"new_results\":\"x\"}",
        "POST /update {\"id\":1,\"new_results\":\"Running\"}", "POST /update {\"id\":1,\"new_results\":\"Pending\"}",
        "POST /update {\"id\":1}", "POST /update {\"id\":99,\"new_results\":\"x\"}", "GET /v1/deployments/1",
        "POST /v1/deployments/1/cancel {\"reason\":\"enough\"}", "POST /v1/deployments/1/cancel {\"why\":1}",
        "POST /v1/deployments/99/cancel {}", "GET /v1/deployments/1", "GET /v1/deployments/1/logs?format=sse",
        "POST /v1/deployments {\"url\":\"https://example.com/r.git\",\"labels\":{\"a\":\"b\"}}",
        "POST /v1/deployments {\"urls\":1}", "GET /v1/deployments", "GET /v1/deployments?limit=1",
        "GET /v1/deployments?limit=0", "GET /v1/deployments?status=failed&repo=example.com/*", "GET /v1/deployments?cursor=x",
        "POST /v1/deployments/1/retry {}", "POST /v1/deployments/99/retry {}", "GET /v1/deployments/1/results",
        "GET /v1/deployments/99/results", "GET /v1/queue", "GET /metrics", "GET /v1/gc", "POST /v1/gc {}", "POST /v1/backup {}", "GET /v1/doctor", "GET /v1/secrets",
        "PUT /v1/secrets/A_KEY {\"value\":\"long enough\",\"use\":\"run\"}", "PUT /v1/secrets/A_KEY {\"value\":\"short\"}",
        "GET /v1/secrets", "DELETE /v1/secrets/A_KEY", "DELETE /v1/secrets/A_KEY", "GET /v1/session",
        "POST /v1/session {\"token\":\"bad\"}", "POST /v1/session {}", "DELETE /v1/session",
        "POST /v1/tokens {\"name\":\"t\",\"scopes\":[\"read\"],\"expires_in_s\":60}", "POST /v1/tokens {\"name\":1}",
        "GET /v1/tokens", "DELETE /v1/tokens/none",
        "POST /v1/hooks {\"name\":\"app\",\"forge\":\"gitlab\",\"url\":\"https://example.com/r.git\",\"branches\":[\"*\"],\"secret\":\"0123456789abcdef\",\"options\":{\"labels\":{\"a\":\"b\"}}}",
        "POST /v1/hooks {\"name\":\"app\",\"forge\":\"github\",\"url\":\"https://example.com/r.git\",\"branches\":[\"*\"]}",
        "POST /v1/hooks {\"name\":1}", "GET /v1/hooks", "GET /v1/hooks/app", "GET /v1/hooks/none",
        "PUT /v1/hooks/app {\"forge\":\"gitlab\",\"url\":\"https://example.com/r.git\",\"branches\":[\"main\"]}",
        "PUT /v1/hooks/app {}", "PUT /v1/hooks/none {\"forge\":\"gitea\",\"url\":\"https://example.com/r\",\"branches\":[\"*\"]}",
        "POST /v1/hooks/none/deliver {}", "POST /v1/hooks/app/deliver {\"object_kind\":\"issue\"} X-Gitlab-Token:0123456789abcdef",
        "POST /v1/hooks/app/deliver [] X-Gitlab-Token:0123456789abcdef",
        "POST /v1/hooks/app/deliver {\"object_kind\":\"push\",\"ref\":\"refs/heads/main\",\"before\":\"\",\"after\":\"da1560886d4f094c3e6c9ef40349f7d38b5d27d7\",\"project\":{\"git_http_url\":\"https://example.com/r.git\"}} X-Gitlab-Token:0123456789abcdef",
        "GET /v1/hooks/app/deliveries", "GET /v1/hooks/none/deliveries", "POST /v1/hooks/app/deliveries/2/redeliver",
        "GET /v1/hooks/app/deliveries", "POST /v1/hooks/app/deliveries/99/redeliver", "POST /v1/hooks/app/deliveries/1/redeliver {\"a\":1}",
        "DELETE /v1/hooks/app", "DELETE /v1/hooks/app",
        "GET /v1/notifications",
        "POST /v1/notifications {\"name\":\"ops\",\"url\":\"https://example.com/x\"}", "POST /v1/notifications {\"name\":\"O\"}",
        "POST /v1/notifications {\"name\":\"ops\",\"url\":\"https://example.com/x\"}", "GET /v1/notifications", "GET /v1/notifications/ops",
        "GET /v1/notifications/none", "PUT /v1/notifications/ops {\"events\":[\"deployment.failed\"]}", "PUT /v1/notifications/none {}",
        "PUT /v1/notifications/ops {\"events\":[]}", "PUT /v1/notifications/commit-status {}", "GET /v1/notifications/ops/deliveries",
        "GET /v1/notifications/none/deliveries", "POST /v1/notifications/ops/deliveries/1/redeliver {}",
        "DELETE /v1/notifications/ops", "DELETE /v1/notifications/ops", "DELETE /v1/notifications/commit-status",
    ];

    [Fact]
    public async Task Every_answer_is_as_the_document_says()
    {
        await using var app = await SpeedApp.OpenIdleAsync();

        foreach (var call in Calls)
        {
            await CallAsync(app, call);
        }
    }

    [Fact]
    public async Task So_is_every_refusal_to_a_stranger_and_to_one_who_may_do_little()
    {
        await using var app = await SpeedApp.OpenIdleAsync(new() { ["Speed__Auth"] = "required" });
        var token = await app.NewTokenAsync(["read"]);

        foreach (var call in Calls)
        {
            await CallAsync(app, call);
            await CallAsync(app, call, token);
        }
    }

    [Fact]
    public void An_answer_that_is_not_as_described_is_found()
    {
        var contract = new JsonContract(JsonElement.Parse(
            """{"a": {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}, "required": ["n"]}}"""));
        var schema = JsonElement.Parse("""{"type": "array", "items": {"$ref": "#/a"}}""");

        Assert.Null(Fault("""[{"n": 1}, {"n": null}]"""));
        Assert.Equal("/1/n is missing", Fault("""[{"n": 1}, {}]"""));
        Assert.Equal("/0/n is no integer or null: x", Fault("""[{"n": "x"}]"""));
        Assert.Equal("/0/m is not described", Fault("""[{"n": 1, "m": 2}]"""));
        Assert.Equal(" is no array: 7", Fault("7"));

        string? Fault(string json) => contract.FindFault(schema, JsonElement.Parse(json));
    }

    private static async Task CallAsync(SpeedApp app, string call, string? token = null)
    {
        const string Signature = " X-Gitlab-Token:";
        var signed = call.Split(Signature);
        var parts = signed[0].Split(' ', 3);
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1]);
        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        request.Content = parts.Length > 2
            ? new StringContent(parts[2], new MediaTypeHeaderValue("application/json"))
            : null;
        if (signed.Length > 1)
        {
            request.Headers.Add(Signature.Trim(' ', ':'), signed[1]);
        }

        using var answer = await app.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
