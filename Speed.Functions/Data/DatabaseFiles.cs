namespace Speed.Data;

/// <summary>The two databases of one folder: a data directory, or a copy of one. They belong together.</summary>
internal sealed record DatabaseFiles(DatabaseFile Deployments, DatabaseFile Logs)
{
    // "SPED" and "SPEL"
    private const int DeploymentsId = 0x53504544;
    private const int LogsId = 0x5350454C;

    /// <summary>
    /// In the order in which they are copied: each deployment that is over in the first has its whole log in the second.
    /// </summary>
    public IReadOnlyList<DatabaseFile> All => [Deployments, Logs];

    public static DatabaseFiles In(string folder) => new(
        new DatabaseFile(Path.Combine(folder, "deployments.db"), DeploymentsId, new Migrations("deployments")),
        new DatabaseFile(Path.Combine(folder, "logs.db"), LogsId, new Migrations("logs")) { GivesBack = true });
}
