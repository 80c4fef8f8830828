using Speed.Deployments;
using Speed.Security;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>What every store of secrets must do, beside being one of deployments.</summary>
public abstract class SecretStoreContract : IDisposable
{
    private static readonly SealedSecret Some =
        new("A_KEY", SecretUse.Git, ["a.example/*", "*"], "someone", [0, 255, 1]);

    protected abstract ISecretStore Secrets { get; }

    protected abstract IDeploymentStore Deployments { get; }

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public abstract void Dispose();

    [Fact]
    public async Task Secrets_are_listed_by_name_as_they_were_put()
    {
        var other = new SealedSecret("A.B", SecretUse.Registry, [], null, [9]) { Deployers = ["a.example/*", "b"] };
        await Secrets.PutSecretAsync(Some, Token);
        await Secrets.PutSecretAsync(other, Token);

        Assert.Equivalent(new[] { other, Some }, await Secrets.ListSecretsAsync(Token), strict: true);
    }

    [Fact]
    public async Task A_secret_is_replaced_whole_and_deleted_once()
    {
        var changed = new SealedSecret(Some.Name, SecretUse.Run, [], null, [7]);
        await Secrets.PutSecretAsync(Some with { Deployers = ["a.example/*"] }, Token);
        await Secrets.PutSecretAsync(changed, Token);

        Assert.Equivalent(new[] { changed }, await Secrets.ListSecretsAsync(Token), strict: true);
        Assert.True(await Secrets.DeleteSecretAsync(Some.Name, Token));
        Assert.False(await Secrets.DeleteSecretAsync(Some.Name, Token));
        Assert.Empty(await Secrets.ListSecretsAsync(Token));
    }

    [Fact]
    public async Task What_a_deployment_was_given_first_stays()
    {
        var deployment = await AddRunningAsync();

        Assert.Null(await Secrets.FindTakenAsync(deployment.Id, Token));
        Assert.Equal([1, 2], await Secrets.KeepTakenAsync(deployment.Id, [1, 2], Token));
        Assert.Equal([1, 2], await Secrets.KeepTakenAsync(deployment.Id, [3], Token));
        Assert.Equal([1, 2], await Secrets.FindTakenAsync(deployment.Id, Token));
    }

    [Fact]
    public async Task What_a_deployment_was_given_goes_when_its_log_is_closed_and_does_not_come_back()
    {
        var deployment = await AddRunningAsync();
        await Secrets.KeepTakenAsync(deployment.Id, [1], Token);

        await Deployments.SettleAsync(
            deployment.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Token);

        Assert.Null(await Secrets.FindTakenAsync(deployment.Id, Token));
        Assert.Null(await Secrets.KeepTakenAsync(deployment.Id, [1], Token));
        Assert.Null(await Secrets.KeepTakenAsync(99, [1], Token));
    }

    [Fact]
    public async Task After_a_declared_end_it_stays_until_the_log_is_closed()
    {
        var deployment = await AddRunningAsync();
        await Secrets.KeepTakenAsync(deployment.Id, [1], Token);

        await Deployments.DeclareAsync(deployment.Id, DeploymentStatus.Succeeded, Token);
        Assert.Equal([1], await Secrets.FindTakenAsync(deployment.Id, Token));

        await Deployments.CloseAsync(deployment.Id, [], Token);
        Assert.Null(await Secrets.FindTakenAsync(deployment.Id, Token));
    }

    private async Task<Deployment> AddRunningAsync()
    {
        await Deployments.AddAsync(new NewDeployment(SomeOptions.Of(), null, 500), Token);
        return (await Deployments.ClaimNextAsync("worker-1", Token))!;
    }
}
