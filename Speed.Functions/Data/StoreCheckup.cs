using Speed.Deployments;

namespace Speed.Data;

/// <summary>Looks at SQLite and, as far as is quickly done, into the database files.</summary>
internal sealed class StoreCheckup(DbManager deployments, LogDatabase logs) : ICheckup
{
    public async Task<IReadOnlyList<Finding>> CheckAsync(CancellationToken cancellationToken) =>
    [
        await CheckAsync("deployments.db", deployments.Database, cancellationToken),
        await CheckAsync("logs.db", logs.Database, cancellationToken),
    ];

    private static async Task<Finding> CheckAsync(
        string name, SqliteDatabase database, CancellationToken cancellationToken)
    {
        try
        {
            // A version below the least would have kept SPEED from starting.
            var (version, state) = await Task.Run(
                () => database.ReadAsync(
                    db => (db.Run("SELECT sqlite_version()"), db.Run("PRAGMA quick_check(1)")), cancellationToken),
                cancellationToken);
            return state == "ok"
                ? new Finding(name, $"SQLite {version}, sound")
                : new Finding(name, $"It is damaged: {state}", "Stop SPEED and restore the newest backup.");
        }
        catch (StoreUnavailableException fault)
        {
            return new Finding(name, fault.Message, "See who else holds the file, and end that one.");
        }
    }
}
