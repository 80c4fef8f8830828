using Microsoft.Data.Sqlite;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>
/// Puts a backup in the place of the databases of a data directory, while no SPEED holds it. Nothing that is numbered
/// anew collides with what came after the backup, and nothing that went on since is done again.
/// </summary>
/// <param name="engineOf">
/// What runs the containers of the instance whose store it is given; null to go on without asking it.
/// </param>
public sealed class Restore(
    StoreOptions options, TimeProvider time, Func<DbManager, IRunner>? engineOf)
{
    private const string Hint =
        "Deploy again what is to go on. How it went after the backup stands in the databases that were replaced.";

    private readonly TimeSpan _busyTimeout = options.BusyTimeout;

    /// <summary>
    /// Throws <see cref="StoreStartException"/>, and nothing has happened, where the backup or the data directory cannot be
    /// used; <see cref="DeploymentFailedException"/>, likewise, where the engine does not answer. Once it is decided a fault
    /// is an <see cref="UnfinishedRestoreException"/>: whoever opens the data directory next brings it to its end.
    /// </summary>
    /// <param name="backup">A folder, or the name of one in <c>backups</c> of the data directory.</param>
    public async Task<RestoreReport> RunAsync(string backup, CancellationToken cancellationToken)
    {
        // A SPEED that is ending would still be waited for by another start; here somebody is to decide.
        using var directory = new DataDirectory(new StoreOptions
        {
            DataDirectory = options.DataDirectory,
            LockTimeout = TimeSpan.Zero,
        });
        var data = directory.FullPath;
        var source = Find(backup, data);
        try
        {
            var part = RestoreSwap.Begin(data);
            var report = await PrepareAsync(source, DatabaseFiles.In(part), data, cancellationToken);
            return report with { Backup = source, ReplacedFolder = Swap(data) };
        }
        catch (Exception fault) when (
            fault is IOException or UnauthorizedAccessException or SqliteException or StoreUnavailableException)
        {
            throw new StoreStartException($"{source} was not restored, and nothing was changed: {WhyOf(fault, data)}", fault);
        }
        finally
        {
            RestoreSwap.RemoveUnfinished(data);
        }
    }

    private static string WhyOf(Exception fault, string data) =>
        fault is SqliteException { IsPassing: true } passing ? passing.ToUnavailable(data).Message : fault.Message;

    // Null for the folder where nothing was there to be replaced.
    private string? Swap(string data)
    {
        var replaced = RestoreSwap.Decide(data, time.GetUtcNow());
        try
        {
            RestoreSwap.FinishAll(data);
            if (Directory.EnumerateFileSystemEntries(replaced).Any())
            {
                return replaced;
            }

            Directory.Delete(replaced);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UnfinishedRestoreException(
                $"The backup is on its way into {data}, and could not be brought to its end: {fault.Message} The next "
                + "start of SPEED does that, or the same command again.",
                fault);
        }
    }

    private string Find(string backup, string data)
    {
        var named = Path.Combine(data, "backups", backup);
        var folder = Path.GetFullPath(!Directory.Exists(backup) && Directory.Exists(named) ? named : backup);
        var files = DatabaseFiles.In(folder);
        if (files.Deployments.IsNew || !File.Exists(files.Logs.Path))
        {
            throw new StoreStartException(
                $"{folder} is no backup: it must be a folder with deployments.db and logs.db, which belong together.");
        }

        if (folder.TrimEnd(Path.DirectorySeparatorChar) == data.TrimEnd(Path.DirectorySeparatorChar))
        {
            throw new StoreStartException($"{folder} is the data directory itself: name the folder of a backup.");
        }

        foreach (var file in files.All)
        {
            file.RefuseUnlessOurs(_busyTimeout, thoroughly: true);
        }

        return folder;
    }

    private async Task<RestoreReport> PrepareAsync(
        string source, DatabaseFiles coming, string data, CancellationToken cancellationToken)
    {
        foreach (var file in DatabaseFiles.In(source).All.Where(file => !file.IsNew))
        {
            file.CopyInto(Path.GetDirectoryName(coming.Deployments.Path)!, _busyTimeout);
        }

        foreach (var file in coming.All)
        {
            SqliteDatabase.Migrate(file, _busyTimeout);
        }

        var there = DatabaseFiles.In(data);
        var replaced = new ReplacedRows(coming.Deployments, there.Deployments, _busyTimeout);
        replaced.CarryOver();
        var lastLog = Math.Max(LastLog(coming.Logs), LastLog(there.Logs));

        RestoreReport report;
        using (var directory = new DataDirectory(new StoreOptions { DataDirectory = Path.GetDirectoryName(coming.Logs.Path)! }))
        using (var store = new DbManager(directory, options, new Bell(), time))
        using (var logs = new LogDatabase(directory, options, new Bell(), time))
        {
            var containers = await ListContainersAsync(store, cancellationToken);
            var last = containers.Select(container => container.DeploymentId).Append(lastLog).Max();
            var next = await store.BeginAboveAsync(last, cancellationToken);
            var interrupted = await GoOnAsync(store, logs, replaced, containers, cancellationToken);
            report = new RestoreReport(source, null, next, interrupted, replaced.RevokedTokens, replaced.Fault)
            {
                Unrecorded = await ListUnrecordedAsync(store, containers, cancellationToken),
            };
        }

        RemoveAllBut(coming);
        return report;
    }

    // The lock and what SQLite keeps beside a file that is open. The logs are empty: the last one to close saw to that.
    private static void RemoveAllBut(DatabaseFiles files)
    {
        foreach (var file in new DirectoryInfo(Path.GetDirectoryName(files.Logs.Path)!).GetFiles())
        {
            if (file.Name.EndsWith("-wal", StringComparison.Ordinal) && file.Length > 0)
            {
                throw new IOException($"{file.FullName} was not emptied.");
            }

            if (files.All.All(database => database.Path != file.FullName))
            {
                file.Delete();
            }
        }
    }

    private async Task<IReadOnlyList<OwnContainer>> ListContainersAsync(
        DbManager store, CancellationToken cancellationToken)
    {
        if (engineOf is null)
        {
            return [];
        }

        var engine = engineOf(store);
        try
        {
            return await engine.ListContainersAsync(cancellationToken);
        }
        finally
        {
            (engine as IDisposable)?.Dispose();
        }
    }

    // Zero where it cannot be read: then the others have to do.
    private long LastLog(DatabaseFile logs)
    {
        if (logs.IsNew)
        {
            return 0;
        }

        try
        {
            using var session = logs.OpenToRead(_busyTimeout);
            return session.One("SELECT coalesce(max(deployment_id), 0) FROM log", row => row.Long());
        }
        catch (SqliteException)
        {
            return 0;
        }
    }

    // Each one that is not over in the backup: where it went on since, it is not done again; else it goes on above what
    // it has come to.
    private static async Task<IReadOnlyList<long>> GoOnAsync(
        DbManager store, LogDatabase logs, ReplacedRows replaced, IReadOnlyList<OwnContainer> containers,
        CancellationToken cancellationToken)
    {
        List<long> interrupted = [];
        foreach (var one in await store.ListNotOverAsync(cancellationToken))
        {
            var since = replaced.Deployments.GetValueOrDefault(one.Id);
            var own = containers.Where(container => container.DeploymentId == one.Id).ToList();
            if (WhyNotAgain(one, since, own) is { } why)
            {
                if (await EndAsync(store, logs, one, why, cancellationToken))
                {
                    interrupted.Add(one.Id);
                }
            }
            else if (one.Status == DeploymentStatus.Running)
            {
                var attempt = own.Select(container => container.Attempt).Append(since?.Attempt ?? 0).Max();
                await store.RaiseAttemptAsync(one.Id, attempt, since?.Epoch ?? 0, cancellationToken);
            }
        }

        return interrupted;
    }

    // Null where it may go on, or begin.
    private static string? WhyNotAgain(Deployment one, ReplacedDeployment? since, List<OwnContainer> own)
    {
        if (since is { Status.IsFinal: true })
        {
            return $"It ended as {since.Status} after the backup that was restored.";
        }

        var wasStarted = since is { IsStartAsked: true }
            || own.Any(container => container.StandingUnder(one) == ContainerStanding.Unrecorded && container.WasStarted);
        return one.StartAskedAt is null && wasStarted
            ? "Its program was started after the backup that was restored."
            : null;
    }

    // False for one that is to be canceled or has a newer one in its place: its end is decided.
    private static async Task<bool> EndAsync(
        DbManager store, LogDatabase logs, Deployment one, string why, CancellationToken cancellationToken)
    {
        var failure = new Failure(FailureCode.Interrupted, one.Phase, null, why, Hint, null);
        var account = new NewResult(ResultSource.Speed, $"{failure.Code.Wire}: {failure.Message} {failure.Hint}");
        var isEnded = await store.SettleAsync(
            one.Claim, new Settlement(DeploymentStatus.Failed, failure, null, [account]), cancellationToken);
        if (isEnded)
        {
            await logs.CloseAsync(one.Id, cancellationToken);
        }

        return isEnded;
    }

    private static async Task<IReadOnlyList<string>> ListUnrecordedAsync(
        DbManager store, IReadOnlyList<OwnContainer> containers, CancellationToken cancellationToken)
    {
        List<string> names = [];
        foreach (var container in containers)
        {
            var deployment = await store.FindAsync(container.DeploymentId, cancellationToken);
            if (container.StandingUnder(deployment) == ContainerStanding.Unrecorded)
            {
                names.Add(container.Name);
            }
        }

        return names;
    }
}

/// <summary>What a restore did.</summary>
/// <param name="ReplacedFolder">Where the replaced databases are; null where there were none.</param>
/// <param name="NextId">What the next deployment is numbered.</param>
/// <param name="Interrupted">The deployments that went on after the backup, and are not done again.</param>
/// <param name="RevokedTokens">The names of tokens that were revoked since, and are valid again.</param>
/// <param name="Unreadable">Why the replaced database could not be read, or not whole; null where it could.</param>
public sealed record RestoreReport(
    string Backup, string? ReplacedFolder, long NextId, IReadOnlyList<long> Interrupted,
    IReadOnlyList<string> RevokedTokens, string? Unreadable)
{
    /// <summary>The containers that no record tells of now. They are kept.</summary>
    public IReadOnlyList<string> Unrecorded { get; init; } = [];
}

/// <summary>A restore was decided, and is to be brought to its end by the next start.</summary>
public sealed class UnfinishedRestoreException(string message, Exception inner) : Exception(message, inner);
