using Speed.Deployments;
using Xunit;
using static Speed.Deployments.DeploymentStatus;

namespace Speed.Tests.Data;

/// <summary>What every store of deployments must do. A store is held to it by a subclass of ten lines.</summary>
public abstract partial class StoreContract : IDisposable
{
    private Lazy<IDeploymentStore> _store;

    protected StoreContract() => _store = new Lazy<IDeploymentStore>(Open);

    protected Bell Bell { get; } = new();

    protected JumpingTime Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    protected IDeploymentStore Store => _store.Value;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Close();
        Forget();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the store over what an earlier one left.</summary>
    protected abstract IDeploymentStore Open();

    protected abstract void Close();

    /// <summary>Removes all that the store kept.</summary>
    protected abstract void Forget();

    protected void Restart()
    {
        Close();
        _store = new Lazy<IDeploymentStore>(Open);
    }

    protected static DeploymentOptions Options(
        string url = "https://git.example/hello.git", Timeouts? timeouts = null) =>
        SomeOptions.Of(url, timeouts);

    protected async Task<Deployment> AddAsync(DeploymentOptions? options = null) =>
        Assert.IsType<AddOutcome.Added>(await AddWithKeyAsync(null, options)).Deployment;

    protected Task<AddOutcome> AddWithKeyAsync(string? key, DeploymentOptions? options = null) =>
        Store.AddAsync(new NewDeployment(options ?? Options(), key, 500), Token);

    /// <summary>A new one at work under <c>worker-1</c>. The queue must be empty.</summary>
    protected async Task<Deployment> AddRunningAsync(DeploymentOptions? options = null)
    {
        var added = await AddAsync(options);
        var claimed = await Store.ClaimNextAsync("worker-1", Token);
        Assert.Equal(added.Id, claimed?.Id);
        return claimed!;
    }

    protected async Task<Deployment> FindAsync(long id)
    {
        var found = await Store.FindAsync(id, Token);
        Assert.NotNull(found);
        return found;
    }

    protected async Task<IReadOnlyList<DeploymentResult>> ReadResultsAsync(long id)
    {
        var results = await Store.ReadResultsAsync(id, Token);
        Assert.NotNull(results);
        return results;
    }

    protected static Settlement Success(params NewResult[] results) => new(Succeeded, null, 0, results);

    protected static Settlement Failed(FailureCode code = FailureCode.ExitNonzero) => new(
        DeploymentStatus.Failed,
        new Failure(code, DeploymentPhase.Run, 3, "It exited with 3.", "See its log.", 7),
        3,
        []);

    protected static Settlement Stopped() => new(
        Canceled, new Failure(FailureCode.Canceled, null, null, "Canceled by api.", null, null), null, []);
}
