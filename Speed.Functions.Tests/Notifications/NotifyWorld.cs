using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Speed.Notifications;
using Speed.Outgoing;
using Speed.Security;
using Speed.Tests.Data;
using Xunit;

namespace Speed.Tests.Notifications;

/// <summary>A store, the worker that tells others, and one who is told on loopback, under a clock of the test's own.</summary>
internal sealed class NotifyWorld : IAsyncDisposable
{
    public const string Repository = "https://git.example/team/app.git";
    public static readonly string Commit = new('a', 40);

    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly Bell _bell = new();
    private readonly SqliteStores _stores;
    private readonly Maskers _maskers = new(TimeProvider.System);
    private NotificationWorker? _worker;

    private NotifyWorld(Receiver receiver)
    {
        Receiver = receiver;
        Settings = NotifySettings.Read(TestSettings.Of(("Speed__Notify__AllowedHosts", "127.0.0.1")));
        _stores = new SqliteStores(new StoreOptions { DataDirectory = _folder.FullPath }, _bell, Time);
        var seal = new SecretSeal(MasterKey.Open(_folder.File("secrets.key")));
        Secrets = new SecretVault(
            Store, Store, seal, new LeaderTokens(MasterKey.Open(_folder.File("secrets.key"))),
            _maskers, NullLogger<SecretVault>.Instance);
        Vault = new NotificationVault(Store, Secrets, seal, Time);
    }

    public Receiver Receiver { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public NotifySettings Settings { get; set; }

    public Resolver Resolver { get; } = new()
    {
        Resolve = (_, _) => throw new InvalidOperationException("No name of this test is to be resolved."),
    };

    public DbManager Store => _stores.Deployments;

    public SecretVault Secrets { get; }

    public NotificationVault Vault { get; }

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<NotifyWorld> StartAsync()
    {
        var world = new NotifyWorld(await Receiver.StartAsync());
        await world.StartWorkerAsync();
        return world;
    }

    /// <summary>As a process that starts; with the settings as they are now.</summary>
    public async Task StartWorkerAsync()
    {
        await StopWorkerAsync();
        _worker = new NotificationWorker(
            Store, Vault, new HttpNotifier(new GuardedClient(Resolver, Time), Settings, Time),
            new DeliverySpread(Vault, Settings), _bell, Time, NullLogger<NotificationWorker>.Instance);
        await _worker.StartAsync(Now);
    }

    public async Task StopWorkerAsync()
    {
        if (_worker is not null)
        {
            await _worker.StopAsync(CancellationToken.None);
            _worker.Dispose();
            _worker = null;
        }
    }

    /// <summary>Gives the signing key.</summary>
    public async Task<string> AddAsync(
        string name = "ops", NotificationFormat format = NotificationFormat.Standard, string? url = null,
        NotificationEvent[]? events = null, params string[] repos)
    {
        var wish = new NotificationWish(
            name, url ?? $"{Receiver.Url}/{name}", format, events ?? [.. NotificationEvents.Public], repos);
        return (await Vault.AddAsync(wish, Now))!.Value.Secret;
    }

    public Task AddLoginAsync(string value = "a token of the forge", string? username = null, string glob = "*") =>
        Secrets.PutAsync(new SecretInfo("login", SecretUse.Git, [glob], username), value, Now);

    public async Task<Deployment> BeginAsync(string url = Repository, string branch = "main", string? commit = null)
    {
        await Store.AddAsync(new NewDeployment(SomeOptions.Of(url) with { Branch = branch }, null, 500), Now);
        var deployment = (await Store.ClaimNextAsync("worker-1", Now))!;
        await Store.RecordCommitAsync(deployment.Claim, branch, commit ?? Commit, Now);
        return deployment;
    }

    /// <summary>A service that is up.</summary>
    public async Task<Deployment> BeginServiceAsync(string url = Repository, string branch = "main")
    {
        var deployment = await BeginAsync(url, branch);
        await Store.EnterPhaseAsync(deployment.Claim, DeploymentPhase.Run, Now);
        await Store.RecordKindAsync(deployment.Claim, DeploymentKind.Service, [], Now);
        Assert.Equal(UpOutcome.Up, await Store.BecomeUpAsync(deployment.Claim, Now));
        return deployment;
    }

    public Task SucceedAsync(Deployment deployment) =>
        Store.SettleAsync(deployment.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now);

    public Task FailAsync(
        Deployment deployment, string message = "It exited with 3.", FailureCode code = FailureCode.ExitNonzero,
        DeploymentStatus status = DeploymentStatus.Failed) => Store.SettleAsync(
            deployment.Claim, new Settlement(status, new Failure(code, null, 3, message, null, null), 3, []), Now);

    /// <summary>The newest first, once they are as wanted.</summary>
    public async Task<IReadOnlyList<NotificationDelivery>> UntilAsync(
        string notification, Func<IReadOnlyList<NotificationDelivery>, bool> areThere)
    {
        while (true)
        {
            var ring = _bell.Next(Bell.Deliveries);
            var deliveries = await Store.ListDeliveriesAsync(notification, Now);
            if (areThere(deliveries))
            {
                return deliveries;
            }

            await ring.WaitAsync(TimeSpan.FromSeconds(30), Now);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopWorkerAsync();
        await Receiver.DisposeAsync();
        _maskers.Dispose();
        _stores.Dispose();
        _folder.Dispose();
    }
}
