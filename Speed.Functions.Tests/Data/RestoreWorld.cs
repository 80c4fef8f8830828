using Microsoft.Extensions.Time.Testing;
using Speed.Data;
using Speed.Deployments;
using Xunit;

namespace Speed.Tests.Data;

/// <summary>A data directory, the words in which a test writes to it, and a backup that it makes of it.</summary>
internal sealed class RestoreWorld : IDisposable
{
    private readonly TempFolder _folder = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public string Data => _folder.File("data");

    public string Backup => _folder.File("backup");

    /// <summary>Where the databases are kept that a restore replaces.</summary>
    public string Replaced => Assert.Single(Directory.GetDirectories(Data, "replaced-*"));

    public void Dispose() => _folder.Dispose();

    /// <summary>As one process has them: nothing else may open them meanwhile.</summary>
    public SqliteStores Open() => new(new StoreOptions { DataDirectory = Data }, new Bell(), Time);

    public async Task MakeBackupAsync(SqliteStores stores)
    {
        Directory.CreateDirectory(Backup);
        await stores.Deployments.CopyToAsync(Backup, Now);
        await stores.Logs.CopyToAsync(Backup, Now);
    }

    public Task<RestoreReport> RestoreAsync(Func<DbManager, IRunner>? engine = null) =>
        new Restore(new StoreOptions { DataDirectory = Data }, Time, engine).RunAsync(Backup, Now);

    /// <summary>All files of a folder by their content.</summary>
    public static Dictionary<string, string> Contents(string folder) => Directory.GetFiles(folder)
        .Where(file => Path.GetFileName(file) != "speed.lock")
        .ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    private static CancellationToken Now => TestContext.Current.CancellationToken;
}

internal static class RestoreWords
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<Deployment> AddAsync(this SqliteStores stores, string url = "https://git.example/hello.git") =>
        ((AddOutcome.Added)await stores.Deployments.AddAsync(
            new NewDeployment(SomeOptions.Of(url), null, 500), Now)).Deployment;

    /// <summary>Claims the oldest one that waits, and takes it to its start, where that is asked for.</summary>
    public static async Task<Deployment> RunAsync(this SqliteStores stores, bool starts)
    {
        var claimed = (await stores.Deployments.ClaimNextAsync("w", Now))!;
        await stores.Logs.OpenAsync(claimed.Id, Now);
        if (starts)
        {
            var store = stores.Deployments;
            Assert.True(await store.RecordCommitAsync(claimed.Claim, "main", new string('c', 40), Now));
            Assert.True(await store.EnterPhaseAsync(claimed.Claim, DeploymentPhase.Build, Now));
            Assert.True(await store.RecordImageAsync(claimed.Claim, "sha256:1", Now));
            Assert.True(await store.EnterPhaseAsync(claimed.Claim, DeploymentPhase.Run, Now));
            Assert.True(await store.AskStartAsync(claimed.Claim, Now));
        }

        return (await stores.Deployments.FindAsync(claimed.Id, Now))!;
    }

    public static async Task SucceedAsync(this SqliteStores stores, Deployment deployment)
    {
        await stores.Logs.CloseAsync(deployment.Id, Now);
        Assert.True(await stores.Deployments.SettleAsync(
            deployment.Claim, new Settlement(DeploymentStatus.Succeeded, null, 0, []), Now));
    }

    public static async Task<Deployment> FindAsync(this SqliteStores stores, long id) =>
        (await stores.Deployments.FindAsync(id, Now))!;
}
