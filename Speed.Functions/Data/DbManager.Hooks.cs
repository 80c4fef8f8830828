using System.Text.Json;
using Speed.Deployments;
using Speed.Hooks;

namespace Speed.Data;

/// <summary>Hooks; their secrets are sealed before they come here.</summary>
public sealed partial class DbManager : IHookStore
{
    public Task<IReadOnlyList<SealedHook>> ListHooksAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<SealedHook>>(ListHooks, cancellationToken);

    public Task<SealedHook?> FindHookAsync(string name, CancellationToken cancellationToken) =>
        _database.ReadAsync(db => FindHook(db, name), cancellationToken);

    public Task<bool> AddHookAsync(SealedHook hook, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => InsertHook(db, hook), cancellationToken);

    public Task<bool> ReplaceHookAsync(SealedHook hook, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => UpdateHook(db, hook), cancellationToken);

    public Task<bool> DeleteHookAsync(string name, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => DeleteHook(db, name), cancellationToken);

    private static List<SealedHook> ListHooks(SqliteSession db) => db.All(
        """
        SELECT name, forge, url, branches, paths, options, created_at_ms, sealed, repos
        FROM hook
        ORDER BY name
        """,
        ReadHook);

    private static SealedHook? FindHook(SqliteSession db, string name) => db.One(
        """
        SELECT name, forge, url, branches, paths, options, created_at_ms, sealed, repos
        FROM hook
        WHERE name = $name
        """,
        ReadHook,
        ("$name", name));

    private static SealedHook ReadHook(Row row) => new(
        row.Text(), row.Word<Forge>(), row.Text(), Texts(row.Text()), Texts(row.Text()), row.Text(), row.Time(),
        row.Bytes())
    {
        Repos = TextsOrNull(row.TextOrNull()),
    };

    private static bool InsertHook(SqliteSession db, SealedHook hook) => db.Execute(
        """
        INSERT INTO hook (name, forge, url, branches, paths, options, sealed, created_at_ms, repos)
        VALUES ($name, $forge, $url, $branches, $paths, $options, $sealed, $created, $repos)
        ON CONFLICT (name) DO NOTHING
        """,
        ("$name", hook.Name), ("$forge", hook.Forge.ToString().ToLowerInvariant()), ("$url", hook.Url),
        ("$branches", JsonSerializer.Serialize(hook.Branches)), ("$paths", JsonSerializer.Serialize(hook.Paths)),
        ("$options", hook.Options), ("$sealed", hook.Secret), ("$created", hook.CreatedAt.ToUnixTimeMilliseconds()),
        ("$repos", JsonOrNull(hook.Repos))) > 0;

    private static bool UpdateHook(SqliteSession db, SealedHook hook) => db.Execute(
        """
        UPDATE hook
        SET forge = $forge, url = $url, branches = $branches, paths = $paths, options = $options, sealed = $sealed,
            repos = $repos
        WHERE name = $name
        """,
        ("$name", hook.Name), ("$forge", hook.Forge.ToString().ToLowerInvariant()), ("$url", hook.Url),
        ("$branches", JsonSerializer.Serialize(hook.Branches)), ("$paths", JsonSerializer.Serialize(hook.Paths)),
        ("$options", hook.Options), ("$sealed", hook.Secret), ("$repos", JsonOrNull(hook.Repos))) > 0;

    private static bool DeleteHook(SqliteSession db, string name) => db.Execute(
        """
        DELETE FROM hook
        WHERE name = $name
        """,
        ("$name", name)) > 0;
}
