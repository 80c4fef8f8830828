using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: texts for a deployment whose secrets were sealed with another key are refused, and stored nowhere.</summary>
[Trait("Host", "Both")]
public sealed class CannotMaskTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_result_is_refused_with_the_way_out_and_a_word_counts(bool isBesides)
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await AddAsync(app, isBesides);

        var added = await app.SendAsync($"/add_results/{id}", """{"results": "told"}""");
        var updated = await app.SendAsync("/update", $$"""{"id": {{id}}, "new_results": "told"}""");
        var word = await app.SendAsync("/update", $$"""{"id": {{id}}, "new_results": "succeeded"}""");

        Assert.Equal((503, 503, 200), (added.Status, updated.Status, word.Status));
        Assert.StartsWith("The result was not stored", added.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(added.Text, updated.Text);
        Assert.Contains("put the old key back", added.Text, StringComparison.Ordinal);
        Assert.Equal([], await app.Services.GetRequiredService<IDeploymentStore>().ReadResultsAsync(id, Now));
    }

    [Fact]
    public async Task A_cancel_is_refused_with_its_reason_and_done_without_one()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var id = await AddAsync(app, isBesides: false);

        var refused = await app.SendAsync($"/v1/deployments/{id}/cancel", """{"reason": "told"}""");
        var before = await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(id, Now);
        var done = await app.SendAsync($"/v1/deployments/{id}/cancel", "{}");

        Assert.Equal((503, "CANNOT_MASK"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        Assert.Contains("or cancel without a reason", refused.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Null(before!.Cancel);
        Assert.Equal(202, done.Status);
    }

    // As one that was left behind when the key was replaced.
    private static async Task<long> AddAsync(SpeedApp app, bool isBesides)
    {
        var id = await app.StartAsync("https://example.com/r.git");
        await app.Services.GetRequiredService<IDeploymentStore>().ClaimNextAsync("worker", Now);
        var store = app.Services.GetRequiredService<ISecretStore>();
        var values = new byte[100];
        Assert.Equal(values, isBesides
            ? await store.KeepTakenOverAsync(id, values, Now)
            : await store.KeepTakenAsync(id, values, Now));
        return id;
    }
}
