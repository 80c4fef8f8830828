using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Speed.Deployments;
using Speed.Hooks;
using Speed.Tests.Data;
using Speed.Tests.Hooks;
using Speed.Tests.Security;
using Xunit;

namespace Speed.Tests.Endpoints;

/// <summary>Drives SPEED over HTTP: whose rights a deployment has, which stay with it.</summary>
[Trait("Host", "Both")]
public sealed class DeployerTests
{
    private const string Url = "https://git.example/team-a/app.git";
    private const string Ours = "git.example/team-a/*";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deployment_has_the_patterns_of_the_token_that_it_is_by_and_keeps_them()
    {
        await using var app = await Keys.OpenAsync();
        var narrow = await app.NewTokenAsync(["deploy"], [Ours]);
        var wide = await app.NewTokenAsync(["deploy"]);

        var byNarrow = await app.StartWithAsync(narrow, Url);
        var byWide = await app.StartWithAsync(wide, Url);
        var byAdmin = await app.StartWithAsync(app.AdminKey(), Url);
        await app.AskAsync("DELETE", $"/v1/tokens/{narrow.Split('_')[1]}", app.AdminKey());
        await app.RestartAsync();

        Assert.Equal([Ours], await ReposAsync(app, byNarrow));
        Assert.Null(await ReposAsync(app, byWide));
        Assert.Null(await ReposAsync(app, byAdmin));
    }

    [Fact]
    public async Task A_retry_has_those_of_who_asks_for_it()
    {
        await using var app = await Keys.OpenAsync();
        var narrow = await app.NewTokenAsync(["deploy"], [Ours]);

        var byAdmin = await EndAsync(app, await app.StartWithAsync(app.AdminKey(), Url));
        var byNarrow = await EndAsync(app, await RetryAsync(app, narrow, byAdmin));
        var byAdminAgain = await RetryAsync(app, app.AdminKey(), byNarrow);

        Assert.Null(await ReposAsync(app, byAdmin));
        Assert.Equal([Ours], await ReposAsync(app, byNarrow));
        Assert.Null(await ReposAsync(app, byAdminAgain));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("git.example/libs/*")]
    public async Task What_a_hook_starts_reaches_its_own_repository_and_what_it_names(string? repos)
    {
        await using var app = await Keys.OpenAsync();
        string[] expected = repos is null ? [] : [repos];
        var made = await AddHookAsync(app, repos);

        var pushed = await app.DeliverAsync(Payloads.GithubPush(Url));
        var started = await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(
            pushed.Json.GetProperty("deployment_id").GetInt64(), Now);
        var again = await app.AskAsync("POST", "/v1/hooks/app/deliveries/1/redeliver", app.AdminKey());

        Assert.Equal(expected, TextsOf(made.Json.GetProperty("repos")));
        Assert.Equal(expected, started!.Repos);
        Assert.Equal(expected, await ReposAsync(app, again.Json.GetProperty("deployment_id").GetInt64()));
        Assert.True(started.Reaches(RepositoryIdentity.Of(Url)));
        Assert.False(started.Reaches(RepositoryIdentity.Of("https://git.example/team-b/vault.git")));
        Assert.Equal(repos is not null, started.Reaches(RepositoryIdentity.Of("https://git.example/libs/x.git")));
    }

    [Fact]
    public async Task A_hook_of_before_keeps_all_until_it_is_sent_again_and_the_doctor_lists_it()
    {
        await using var app = await Keys.OpenAsync();
        var hooks = app.Services.GetRequiredService<IHookStore>();
        await AddHookAsync(app, repos: null);
        var kept = (await hooks.FindHookAsync("app", Now))!;
        await hooks.ReplaceHookAsync(kept with { Repos = null, Options = """{"submodules": true}""" }, Now);

        var pushed = await app.DeliverAsync(Payloads.GithubPush(Url));
        var shown = await app.AskAsync("GET", "/v1/hooks/app", app.AdminKey());
        var before = await FindingsAsync(app);
        var sent = await app.AskAsync("PUT", "/v1/hooks/app", app.AdminKey(), Hook(repos: null, name: null));
        var after = await FindingsAsync(app);

        Assert.Null(await ReposAsync(app, pushed.Json.GetProperty("deployment_id").GetInt64()));
        Assert.Equal(["*"], TextsOf(shown.Json.GetProperty("repos")));
        var told = Assert.Single(before);
        Assert.Contains("hook `app` gets submodules of every repository", told.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("PUT /v1/hooks/app", told.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Empty(TextsOf(sent.Json.GetProperty("repos")));
        Assert.DoesNotContain(after, check => !check.GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task What_an_earlier_program_kept_may_all_that_it_might()
    {
        using var data = await EarlierData.CopyAsync();
        await using var app = await data.OpenStillAsync();
        var store = app.Services.GetRequiredService<IDeploymentStore>();

        var hooks = await app.Services.GetRequiredService<IHookStore>().ListHooksAsync(Now);
        var deployments = await store.ListAsync(new DeploymentFilter { Limit = 200 }, Now);

        Assert.NotEmpty(hooks);
        Assert.NotEmpty(deployments.Items);
        Assert.All(hooks, hook => Assert.Null(hook.Repos));
        Assert.All(deployments.Items, deployment => Assert.Null(deployment.Repos));
    }

    [Theory]
    [InlineData("http://git.example/team-a/../priv-b/vault.git")]
    [InlineData("http://git.example/team-a/%2e%2e/priv-b/vault.git")]
    [InlineData("http://git.example/team-a/x/..%2f..%2f..%2fpriv-b/vault.git")]
    [InlineData("http://git.example/team-a/..%5cpriv-b/vault.git")]
    [InlineData("http://git.example/team-a//../../priv-b/vault.git")]
    [InlineData("git@git.example:team-a/../priv-b/vault.git")]
    public async Task No_spelling_of_an_address_leads_out_of_the_repositories_of_a_token(string url)
    {
        await using var app = await Keys.OpenAsync(new() { ["Speed__Git__AllowedSchemes"] = "https,http,ssh" });
        var token = await app.NewTokenAsync(["deploy"], [Ours]);

        foreach (var path in new[] { "/start", "/v1/deployments" })
        {
            var answer = await app.AskAsync("POST", path, token, new { url, branch = "main" });
            Assert.True(answer.Status == 400, answer.Text);
        }
    }

    private static async Task<IReadOnlyList<string>?> ReposAsync(SpeedApp app, long id) =>
        (await app.Services.GetRequiredService<IDeploymentStore>().FindAsync(id, Now))!.Repos;

    private static async Task<long> RetryAsync(SpeedApp app, string key, long id)
    {
        var answer = await app.AskAsync("POST", $"/v1/deployments/{id}/retry", key);
        Assert.True(answer.Status == 201, answer.Text);
        return answer.Json.GetProperty("id").GetInt64();
    }

    private static async Task<long> EndAsync(SpeedApp app, long id)
    {
        var store = app.Services.GetRequiredService<IDeploymentStore>();
        var claimed = (await store.ClaimNextAsync("worker", Now))!;
        await store.RecordCommitAsync(claimed.Claim, "main", new string('c', 40), Now);
        var failure = new Failure(FailureCode.BuildFailed, DeploymentPhase.Build, 1, "It failed.", "Mend it.", 5);
        await store.SettleAsync(claimed.Claim, new Settlement(DeploymentStatus.Failed, failure, null, []), Now);
        return id;
    }

    private static async Task<Answer> AddHookAsync(SpeedApp app, string? repos)
    {
        var answer = await app.AskAsync("POST", "/v1/hooks", app.AdminKey(), Hook(repos, "app"));
        Assert.True(answer.Status == 201, answer.Text);
        return answer;
    }

    private static Dictionary<string, object> Hook(string? repos, string? name)
    {
        var hook = new Dictionary<string, object>
        {
            ["forge"] = "github",
            ["url"] = Url,
            ["branches"] = new[] { "*" },
            ["secret"] = HookSender.Secret,
        };
        if (name is not null)
        {
            hook["name"] = name;
        }

        if (repos is not null)
        {
            hook["repos"] = new[] { repos };
        }

        return hook;
    }

    private static async Task<JsonElement[]> FindingsAsync(SpeedApp app) =>
    [
        .. (await app.AskAsync("GET", "/v1/doctor", app.AdminKey())).Json.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("name").GetString() == "hooks"),
    ];

    private static string[] TextsOf(JsonElement list) => [.. list.EnumerateArray().Select(one => one.GetString()!)];
}
