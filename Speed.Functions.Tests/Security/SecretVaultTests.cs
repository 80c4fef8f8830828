using Microsoft.Extensions.Logging.Abstractions;
using Speed.Data;
using Speed.Deployments;
using Speed.Security;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Security;

/// <summary>Drives real SQLite: which secrets a deployment takes, and that it takes the same ones again.</summary>
public sealed class SecretVaultTests : IDisposable
{
    private const string Url = "https://git.example/team/app.git";

    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly SqliteStores _stores;
    private readonly Maskers _maskers = new(TimeProvider.System);
    private readonly SecretVault _vault;

    public SecretVaultTests()
    {
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, new Bell(), TimeProvider.System);
        _vault = VaultOf("secrets.key");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _maskers.Dispose();
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_deployment_gets_the_run_secrets_that_it_lists_and_its_own_token()
    {
        await PutAsync("LISTED", SecretUse.Run, "value one");
        await PutAsync("OTHER", SecretUse.Run, "value two");

        var taken = await _vault.TakeAsync(await AddRunningAsync("LISTED"), Token);

        Assert.Equal(["LISTED", "SPEED_TOKEN"], taken.Variables.Keys);
        Assert.Equal("value one", taken.Variables["LISTED"]);
        Assert.StartsWith(LeaderTokens.Prefix, taken.Variables["SPEED_TOKEN"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Git_secrets_come_all_and_the_closest_first()
    {
        await PutAsync("a-far", SecretUse.Git, "value one", "elsewhere.example/*/longer/than/the/others");
        await PutAsync("b-wide", SecretUse.Git, "value two", "*");
        await PutAsync("c-close", SecretUse.Git, "value three", "x", "GIT.example/team/*");
        await PutAsync("d-login", SecretUse.Registry, "value four", "registry.example");

        var taken = await _vault.TakeAsync(await AddRunningAsync(), Token);

        Assert.Equal(["c-close", "b-wide", "a-far"], taken.Git.Select(one => one.Name));
        Assert.Equal("d-login", taken.Registries.Single().Name);
        Assert.Equal("***, ***, ***, ***", Masker.Of(taken.Values).Mask("value one, value two, value three, value four"));
    }

    [Fact]
    public async Task What_was_taken_stays_through_rotation_and_deletion()
    {
        await PutAsync("A_KEY", SecretUse.Run, "the old value");
        await PutAsync("login", SecretUse.Git, "the old login", "*");
        var deployment = await AddRunningAsync("A_KEY");
        await _vault.TakeAsync(deployment, Token);

        await PutAsync("A_KEY", SecretUse.Run, "the new value");
        await _vault.DeleteAsync("login", Token);
        var again = await _vault.TakeAsync(deployment with { Attempt = 2 }, Token);

        Assert.Equal("the old value", again.Variables["A_KEY"]);
        Assert.Equal("the old login", again.Git.Single().Value);
        Assert.Equal("***", await _vault.MaskAsync(deployment.Id, "the old value", Token));
    }

    [Fact]
    public async Task The_tokens_of_all_attempts_are_masked()
    {
        var deployment = await AddRunningAsync();
        var first = (await _vault.TakeAsync(deployment, Token)).Variables["SPEED_TOKEN"];

        var second = await _vault.TakeAsync(deployment with { Attempt = 2 }, Token);

        Assert.NotEqual(first, second.Variables["SPEED_TOKEN"]);
        Assert.Equal("*** ***", Masker.Of(second.Values).Mask($"{first} {second.Variables["SPEED_TOKEN"]}"));
    }

    [Theory]
    [InlineData("MISSING", "does not exist")]
    [InlineData("LOGIN", "for git, not for run")]
    [InlineData("ELSEWHERE", "not for this repository")]
    public async Task A_name_that_cannot_be_used_is_found_beforehand_and_fails_the_run(string name, string why)
    {
        await PutAsync("GOOD", SecretUse.Run, "value one", "git.example/*");
        await PutAsync("LOGIN", SecretUse.Git, "value two", "*");
        await PutAsync("ELSEWHERE", SecretUse.Run, "value three", "other.example/*");
        var deployment = await AddRunningAsync("GOOD", name);

        var fault = Assert.Single(await _vault.FindFaultsAsync(deployment.Options, tellsOfOthers: true, Token));
        var failed = await Assert.ThrowsAsync<DeploymentFailedException>(() => _vault.TakeAsync(deployment, Token));

        Assert.Equal(1, fault.Index);
        Assert.Contains($"`{name}`", fault.Detail, StringComparison.Ordinal);
        Assert.Contains(why, fault.Detail, StringComparison.Ordinal);
        Assert.Equal(FailureCode.ContainerStartFailed, failed.Code);
        Assert.Contains(fault.Detail, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_at_a_registry_is_taken_by_its_deployers_alone_the_closest_first()
    {
        await PutLoginAsync("a-all");
        await PutLoginAsync("b-wide", "git.example/*");
        await PutLoginAsync("c-others", "git.example/others/*");
        await PutLoginAsync("d-close", "x", "GIT.example/team/*");

        var taken = await _vault.TakeAsync(await AddRunningAsync(), Token);

        Assert.Equal(["d-close", "b-wide", "a-all"], taken.Registries.Select(one => one.Name));
    }

    [Fact]
    public async Task A_secret_of_git_is_taken_by_its_deployers_alone_whatever_it_opens()
    {
        await PutForAsync("a-all", SecretUse.Git, ["git.example/*"]);
        await PutForAsync("b-ours", SecretUse.Git, ["git.example/*"], "git.example/team/*");
        await PutForAsync("c-others", SecretUse.Git, ["git.example/team/app"], "git.example/others/*");
        await PutForAsync("d-libs", SecretUse.Git, ["git.example/libs/*"], "x", "GIT.example/team/app");

        var taken = await _vault.TakeAsync(await AddRunningAsync(), Token);
        var login = await _vault.FindLoginAsync(Url, Token);

        Assert.Equal(["b-ours", "a-all", "d-libs"], taken.Git.Select(one => one.Name));
        Assert.Equal("b-ours", login?.Name);
    }

    [Fact]
    public async Task A_secret_of_git_that_is_for_others_deployments_tells_no_commit_status()
    {
        await PutForAsync("login", SecretUse.Git, ["*"], "git.example/others/*");

        Assert.Null(await _vault.FindLoginAsync(Url, Token));
        Assert.Equal("login", (await _vault.FindLoginAsync("https://git.example/others/app", Token))?.Name);
    }

    [Fact]
    public async Task A_variable_that_is_for_others_deployments_fails_the_run()
    {
        await PutForAsync("A_KEY", SecretUse.Run, [], "git.example/others/*");
        var deployment = await AddRunningAsync("A_KEY");

        var fault = Assert.Single(await _vault.FindFaultsAsync(deployment.Options, tellsOfOthers: true, Token));
        var failed = await Assert.ThrowsAsync<DeploymentFailedException>(() => _vault.TakeAsync(deployment, Token));

        Assert.Contains("none of its `deployers` matches git.example/team/app", fault.Detail, StringComparison.Ordinal);
        Assert.Contains(fault.Detail, failed.Message, StringComparison.Ordinal);
    }

    private Task PutForAsync(string name, SecretUse use, string[] repos, params string[] deployers) => _vault.PutAsync(
        new SecretInfo(name, use, repos, null) { Deployers = deployers }, $"value of {name}", Token);

    [Theory]
    [InlineData(SecretUse.Run)]
    [InlineData(SecretUse.Git)]
    [InlineData(SecretUse.Registry)]
    public async Task Its_deployers_cannot_be_changed_beside_it(SecretUse use)
    {
        await PutForAsync("login", use, ["registry.example"], "git.example/others/*");
        var kept = (await _stores.Deployments.ListSecretsAsync(Token)).Single();

        foreach (IReadOnlyList<string> deployers in new[] { [], ["*"], new[] { "git.example/others/*", "git.example/team/*" } })
        {
            await _stores.Deployments.PutSecretAsync(kept with { Deployers = deployers }, Token);
            Assert.Equal(["login"], await _vault.ListUnreadableAsync(Token));
        }

        await _stores.Deployments.PutSecretAsync(kept, Token);
        Assert.Empty(await _vault.ListUnreadableAsync(Token));
    }

    private Task PutLoginAsync(string name, params string[] deployers) => _vault.PutAsync(
        new SecretInfo(name, SecretUse.Registry, ["registry.example"], null) { Deployers = deployers }, $"value of {name}", Token);

    [Fact]
    public async Task Those_that_it_takes_over_come_besides_and_are_masked_and_stay_what_they_were()
    {
        await PutAsync("A_KEY", SecretUse.Run, "value one");
        await PutAsync("B_KEY", SecretUse.Run, "value two");
        var deployment = await AddRunningAsync("A_KEY");
        await _vault.TakeAsync(deployment, Token);
        var takenOver = TakingOver(deployment, "B_KEY");

        var taken = await _vault.TakeAsync(takenOver, Token);
        await PutAsync("B_KEY", SecretUse.Run, "another value");
        var again = await _vault.TakeAsync(takenOver with { Attempt = 2 }, Token);

        Assert.Equal(["A_KEY", "B_KEY", "SPEED_TOKEN"], taken.Variables.Keys);
        Assert.Equal("value two", again.Variables["B_KEY"]);
        Assert.Equal("***, ***", await _vault.MaskAsync(deployment.Id, "value one, value two", Token));
    }

    [Fact]
    public async Task One_that_is_to_be_taken_over_and_is_gone_is_named_with_whom_it_is_from()
    {
        var deployment = await AddRunningAsync();
        await _vault.TakeAsync(deployment, Token);

        var failed = await Assert.ThrowsAsync<DeploymentFailedException>(
            () => _vault.TakeAsync(TakingOver(deployment, "GONE"), Token));

        Assert.Equal(FailureCode.ContainerStartFailed, failed.Code);
        Assert.Contains("`GONE` does not exist", failed.Message, StringComparison.Ordinal);
        Assert.Contains("from deployment 7", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_another_key_the_secret_that_is_needed_is_named_and_sent_again_it_works()
    {
        await PutAsync("A_KEY", SecretUse.Run, "value one");
        await PutAsync("elsewhere", SecretUse.Git, "value two", "other.example/*");
        var other = VaultOf("another.key");
        var deployment = await AddRunningAsync("A_KEY");

        Assert.Equal(["A_KEY", "elsewhere"], await other.ListUnreadableAsync(Token));
        var failed = await Assert.ThrowsAsync<DeploymentFailedException>(() => other.TakeAsync(deployment, Token));
        Assert.Contains("`A_KEY`", failed.Message, StringComparison.Ordinal);
        Assert.Contains("secrets.key", failed.Message, StringComparison.Ordinal);

        await other.PutAsync(new SecretInfo("A_KEY", SecretUse.Run, [], null), "value one", Token);
        var taken = await other.TakeAsync(deployment, Token);
        Assert.Equal("value one", taken.Variables["A_KEY"]);
        Assert.Empty(taken.Git);
    }

    [Fact]
    public async Task With_another_key_nothing_is_masked_and_with_the_old_one_it_is_again()
    {
        await PutAsync("A_KEY", SecretUse.Run, "value one");
        var deployment = await AddRunningAsync("A_KEY");
        await _vault.TakeAsync(deployment, Token);

        Assert.Null(await VaultOf("another.key").MaskAsync(deployment.Id, "value one", Token));
        Assert.Equal("***", await VaultOf("secrets.key").MaskAsync(deployment.Id, "value one", Token));
    }

    [Fact]
    public async Task However_often_a_deployment_is_reported_on_one_masker_is_built_for_it_and_one_for_its_next_attempt()
    {
        await PutAsync("A_KEY", SecretUse.Run, "value one");
        var deployment = await AddRunningAsync("A_KEY");
        var masker = await _vault.MaskerOfAsync(await _vault.TakeAsync(deployment, Token), Token);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _vault.MaskAsync(deployment.Id, "value one", Token)));

        Assert.Equal(1, _maskers.Count);
        var again = await _vault.TakeAsync(deployment with { Attempt = 2 }, Token);
        Assert.NotSame(masker, await _vault.MaskerOfAsync(again, Token));
        Assert.Equal(2, _maskers.Count);
    }

    [Fact]
    public async Task A_secret_does_not_open_under_another_name_or_for_another_place()
    {
        await PutAsync("A_KEY", SecretUse.Git, "value one", "git.example/*");
        var kept = (await _stores.Deployments.ListSecretsAsync(Token)).Single();

        await _stores.Deployments.PutSecretAsync(kept with { Name = "B_KEY" }, Token);
        await _stores.Deployments.PutSecretAsync(kept with { Repos = ["*"] }, Token);

        Assert.Equal(["A_KEY", "B_KEY"], await _vault.ListUnreadableAsync(Token));
    }

    private SecretVault VaultOf(string keyFile)
    {
        var key = MasterKey.Open(_folder.File(keyFile));
        return new SecretVault(
            _stores.Deployments, _stores.Deployments, new SecretSeal(key), new LeaderTokens(key),
            _maskers, NullLogger<SecretVault>.Instance);
    }

    private Task PutAsync(string name, SecretUse use, string value, params string[] repos) =>
        _vault.PutAsync(new SecretInfo(name, use, repos, null), value, Token);

    private static Deployment TakingOver(Deployment deployment, params string[] secrets)
    {
        var taken = new TakenOver { From = 7, Secrets = secrets };
        return deployment with { Options = taken.ApplyTo(deployment.Options), Asked = deployment.Options, TakenOver = taken };
    }

    private async Task<Deployment> AddRunningAsync(params string[] secrets)
    {
        var options = SomeOptions.Of(Url) with { Secrets = secrets };
        await _stores.Deployments.AddAsync(new NewDeployment(options, null, 500), Token);
        return (await _stores.Deployments.ClaimNextAsync("worker-1", Token))!;
    }
}
