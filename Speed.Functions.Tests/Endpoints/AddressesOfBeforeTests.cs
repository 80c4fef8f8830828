using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Hooks;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: addresses of before that are refused today.</summary>
public sealed class AddressesOfBeforeTests
{
    private const string Refused = "https://git.example/team-a/../priv-b/vault.git";
    private const string Sentence =
        "The url's path must not have a part `..`, encoded or not: give the path that it leads to.";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_that_waits_ends_CLONE_FAILED_with_the_sentence()
    {
        await using var app = await SpeedApp.OpenAsync();

        var ended = await app.WaitForEndAsync(await AddAsync(app));

        var failure = ended.GetProperty("failure");
        Assert.Equal("CLONE_FAILED", failure.GetProperty("code").GetString());
        Assert.Equal(Sentence, failure.GetProperty("message").GetString());
    }

    [Fact]
    public async Task One_that_has_ended_is_not_repeated_and_is_found_by_its_address()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var id = await AddAsync(app);
        var claimed = await store.ClaimNextAsync("owner", Now);
        await store.RecordCommitAsync(claimed!.Claim, "main", new string('a', 40), Now);
        await store.SettleAsync(claimed.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);

        using var answer = await app.PostAsync($"/v1/deployments/{id}/retry", new { });
        var list = await app.GetAsync($"/v1/deployments?repo={Uri.EscapeDataString(Refused)}");

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Now);
        Assert.Contains(Sentence, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(id, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("id").GetInt64());
    }

    [Fact]
    public async Task The_doctor_lists_its_hooks_with_the_sentence()
    {
        await using var app = await SpeedApp.OpenIdleAsync();
        var hooks = app.Services.GetRequiredService<IHookStore>();
        foreach (var (name, url) in new[] { ("old", Refused), ("good", "https://git.example/app") })
        {
            await hooks.AddHookAsync(
                new SealedHook(new Hook(name, Forge.Github, url, ["*"], [], "{}", DateTimeOffset.UnixEpoch), [1]), Now);
        }

        var report = await app.GetAsync("/v1/doctor");

        var check = Assert.Single(
            report.GetProperty("checks").EnumerateArray(), check => check.GetProperty("name").GetString() == "hooks");
        Assert.False(check.GetProperty("ok").GetBoolean());
        Assert.Equal(
            $"Hook `old` starts nothing, for its address is one that is refused. {Sentence}",
            check.GetProperty("detail").GetString());
        Assert.Contains("PUT /v1/hooks/old", check.GetProperty("fix").GetString(), StringComparison.Ordinal);
    }

    // Past the HTTP layer, as before there was such a rule.
    private static async Task<long> AddAsync(SpeedApp app)
    {
        var wanted = new NewDeployment(SomeOptions.Of(Refused), null, 10);
        var added = await app.Services.GetRequiredService<IDeploymentStore>().AddAsync(wanted, Now);
        return Assert.IsType<AddOutcome.Added>(added).Deployment.Id;
    }
}
