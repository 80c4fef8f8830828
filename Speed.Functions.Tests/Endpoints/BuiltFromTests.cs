using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: what a deployment was built from can be read.</summary>
public sealed class BuiltFromTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_sent_to_the_engine_can_be_read_with_every_digest()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var id = await app.StartAsync("https://example.com/r.git");
        var claimed = (await store.ClaimNextAsync("worker", Now))!;
        var source = new BuildSource(1, "$BASE", "docker.io/library/a:1", "sha256:1");

        var before = await Answer.ReadAsync(await app.Client.GetAsync($"/v1/deployments/{id}/built-from", Now));
        await store.RecordBuiltFromAsync(claimed.Claim, new BuiltFrom("FROM docker.io/library/a:1\n", [source]), Now);
        var from = await app.GetAsync($"/v1/deployments/{id}/built-from");
        var none = await Answer.ReadAsync(await app.Client.GetAsync("/v1/deployments/99/built-from", Now));

        Assert.Equal((404, "NOT_FOUND"), (before.Status, before.Json.GetProperty("code").GetString()));
        Assert.Equal((404, "NOT_FOUND"), (none.Status, none.Json.GetProperty("code").GetString()));
        Assert.Equal("FROM docker.io/library/a:1\n", from.GetProperty("dockerfile").GetString());
        var item = Assert.Single(from.GetProperty("sources").EnumerateArray());
        Assert.Equal(
            (1, "$BASE", "docker.io/library/a:1", "sha256:1"),
            (item.GetProperty("line").GetInt32(), item.GetProperty("written").GetString(),
                item.GetProperty("name").GetString(), item.GetProperty("digest").GetString()));
    }
}
