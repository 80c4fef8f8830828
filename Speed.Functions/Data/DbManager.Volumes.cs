using System.Text.Json;
using Speed.Deployments;

namespace Speed.Data;

/// <summary>Volumes: whose each is, and what the engine calls it.</summary>
public sealed partial class DbManager : IVolumeStore
{
    private const int MaxImagesOfVolume = 50;

    // The volumes of a deployment's service.
    private const string OfItsService = """
        (v.identity, v.branch, v.subdirectory, v.service)
            = (d.identity, coalesce(d.branch, ''), d.options ->> 'subdirectory', d.name)
        """;

    public Task<IReadOnlyList<UnchosenVolume>> ListUnchosenAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListUnchosen, cancellationToken);

    public Task<IReadOnlyList<UnseenVolume>> ListUnseenAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListUnseen, cancellationToken);

    public Task ChooseAsync(
        IReadOnlyList<VolumeChoice> choices, IReadOnlyList<MountedVolume> mounted, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => Choose(db, choices, mounted), cancellationToken);

    public Task<IReadOnlyList<TakenVolume>> TakeVolumesAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.WriteAsync<IReadOnlyList<TakenVolume>>(db => TakeVolumes(db, deploymentId), cancellationToken);

    public Task NoteMadeAsync(string engineName, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => SetMade(db, engineName), cancellationToken);

    public Task<IReadOnlyList<ServiceVolume>> ListVolumesAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListVolumes, cancellationToken);

    public Task<IReadOnlyList<string>> ListImagesOfVolumeAsync(string engineName, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<string>>(db => ListImagesOfVolume(db, engineName), cancellationToken);

    public Task<IReadOnlyList<VolumeHolder>> ListHoldersAsync(CancellationToken cancellationToken) =>
        _database.ReadAsync(ListHolders, cancellationToken);

    public Task NoteBareAsync(BareContainer container, CancellationToken cancellationToken) =>
        _database.WriteAsync(db => InsertBare(db, container), cancellationToken);

    public Task<IReadOnlyList<BareContainer>> ListBareAsync(long deploymentId, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<BareContainer>>(db => ListBare(db, deploymentId), cancellationToken);

    private static IReadOnlyList<UnchosenVolume> ListUnchosen(SqliteSession db) => db.All(
        $"""
        SELECT v.id, v.name,
            (SELECT json_group_array(c.engine_name ORDER BY c.place)
             FROM volume_candidate c
             WHERE c.volume_id = v.id),
            (SELECT json_group_array(d.id ORDER BY d.superseded_by IS NOT NULL, d.up_at_ms IS NULL, d.id DESC)
             FROM deployment d
             WHERE {OfItsService}
                AND d.status <> 'Pending'
                AND d.log_closed_at_ms IS NULL)
        FROM volume v
        WHERE v.engine_name IS NULL
        ORDER BY v.id
        """,
        row => new UnchosenVolume(row.Long(), row.Text(), ListOf<string>(row.Text()), ListOf<long>(row.Text())));

    private static IReadOnlyList<UnseenVolume> ListUnseen(SqliteSession db) => db.All(
        """
        SELECT c.deployment_id, c.name, json_group_array(c.engine_name ORDER BY c.place)
        FROM deployment_volume_candidate c
        JOIN deployment d ON d.id = c.deployment_id
        WHERE d.log_closed_at_ms IS NULL
            AND NOT EXISTS (
                SELECT 1
                FROM deployment_volume t
                WHERE (t.deployment_id, t.name) = (c.deployment_id, c.name))
        GROUP BY c.deployment_id, c.name
        ORDER BY c.deployment_id, c.name
        """,
        row => new UnseenVolume(row.Long(), row.Text(), ListOf<string>(row.Text())));

    private bool Choose(
        SqliteSession db, IReadOnlyList<VolumeChoice> choices, IReadOnlyList<MountedVolume> mounted)
    {
        foreach (var choice in choices)
        {
            SetEngineName(db, choice);
        }

        foreach (var one in mounted)
        {
            InsertMounted(db, one);
        }

        return true;
    }

    // It was found on the engine, so it was made.
    private void SetEngineName(SqliteSession db, VolumeChoice choice) => db.Execute(
        """
        UPDATE volume
        SET engine_name = $engine_name, made_at_ms = $now
        WHERE id = $id
            AND engine_name IS NULL
            AND EXISTS (
                SELECT 1
                FROM volume_candidate c
                WHERE c.volume_id = volume.id AND c.engine_name = $engine_name)
        """,
        ("$engine_name", choice.EngineName), ("$now", Now), ("$id", choice.VolumeId));

    private static void InsertMounted(SqliteSession db, MountedVolume mounted) => db.Execute(
        """
        INSERT INTO deployment_volume (deployment_id, name, engine_name)
        VALUES ($id, $name, $engine_name)
        ON CONFLICT (deployment_id, name) DO NOTHING
        """,
        ("$id", mounted.DeploymentId), ("$name", mounted.Name), ("$engine_name", mounted.EngineName));

    private List<TakenVolume> TakeVolumes(SqliteSession db, long deploymentId)
    {
        InsertNew(db, deploymentId);
        SetLikeliest(db, deploymentId);
        InsertTaken(db, deploymentId);
        return ListTaken(db, deploymentId);
    }

    private void InsertNew(SqliteSession db, long deploymentId) => db.Execute(
        """
        INSERT INTO volume (identity, branch, subdirectory, service, name, engine_name, owner)
        SELECT d.identity, coalesce(d.branch, ''), d.options ->> 'subdirectory', d.name, asked.value ->> 'name',
            'speed-' || $instance || '-' || lower(hex(randomblob(16))) || '-' || (asked.value ->> 'name'),
            json_array(d.identity, coalesce(d.branch, ''), d.options ->> 'subdirectory', d.name)
        FROM deployment d
        JOIN json_each(d.effective, '$.volumes') asked
        WHERE d.id = $id
        ON CONFLICT (identity, branch, subdirectory, service, name) DO NOTHING
        """,
        ("$instance", Instance), ("$id", deploymentId));

    // None of its names is on the engine, or it would have been chosen. Under the likeliest one it is found again where
    // the engine was the wrong one.
    private static void SetLikeliest(SqliteSession db, long deploymentId) => db.Execute(
        $"""
        UPDATE volume
        SET engine_name = (
            SELECT c.engine_name
            FROM volume_candidate c
            WHERE c.volume_id = volume.id
            ORDER BY c.place
            LIMIT 1)
        WHERE engine_name IS NULL
            AND id IN (
                SELECT v.id
                FROM volume v, deployment d
                WHERE d.id = $id
                    AND {OfItsService}
                    AND v.name IN (SELECT asked.value ->> 'name' FROM json_each(d.effective, '$.volumes') asked))
        """,
        ("$id", deploymentId));

    private static void InsertTaken(SqliteSession db, long deploymentId) => db.Execute(
        $"""
        INSERT INTO deployment_volume (deployment_id, name, engine_name)
        SELECT d.id, v.name, v.engine_name
        FROM deployment d, volume v
        WHERE d.id = $id
            AND {OfItsService}
            AND v.name IN (SELECT asked.value ->> 'name' FROM json_each(d.effective, '$.volumes') asked)
        ON CONFLICT (deployment_id, name) DO NOTHING
        """,
        ("$id", deploymentId));

    private static List<TakenVolume> ListTaken(SqliteSession db, long deploymentId) => db.All(
        $"""
        SELECT t.name, t.engine_name,
            CASE WHEN t.engine_name = v.engine_name THEN v.owner END,
            t.engine_name = v.engine_name AND v.made_at_ms IS NOT NULL,
            (SELECT json_group_array(other.engine_name)
             FROM (
                SELECT c.engine_name FROM volume_candidate c WHERE c.volume_id = v.id
                UNION
                SELECT v.engine_name) other
             WHERE other.engine_name <> t.engine_name)
        FROM deployment d
        JOIN json_each(d.effective, '$.volumes') asked
        JOIN deployment_volume t ON t.deployment_id = d.id AND t.name = asked.value ->> 'name'
        JOIN volume v ON {OfItsService} AND v.name = t.name
        WHERE d.id = $id
        ORDER BY asked.key
        """,
        row => new TakenVolume(row.Text(), row.Text(), row.TextOrNull(), row.Flag(), ListOf<string>(row.Text())),
        ("$id", deploymentId));

    private bool SetMade(SqliteSession db, string engineName) => db.Execute(
        """
        UPDATE volume
        SET made_at_ms = $now
        WHERE engine_name = $engine_name
            AND made_at_ms IS NULL
        """,
        ("$now", Now), ("$engine_name", engineName)) > 0;

    private static IReadOnlyList<ServiceVolume> ListVolumes(SqliteSession db) => db.All(
        """
        SELECT v.identity, v.branch, v.subdirectory, v.service, v.name, v.engine_name, v.owner,
            (SELECT json_group_array(c.engine_name ORDER BY c.place)
             FROM volume_candidate c
             WHERE c.volume_id = v.id),
            v.made_at_ms
        FROM volume v
        ORDER BY v.identity, v.branch, v.subdirectory, v.service, v.name
        """,
        row => new ServiceVolume(
            new ServiceKey(row.Text(), row.Text(), row.Text(), row.Text()), row.Text(), row.TextOrNull(),
            row.TextOrNull(), ListOf<string>(row.Text()), row.TimeOrNull()));

    // Any image will do to open a volume through: its own deployments' come first, since the engine has those if any.
    private static List<string> ListImagesOfVolume(SqliteSession db, string engineName) => db.All(
        $"""
        SELECT image_id
        FROM (
            SELECT d.image_id, 1 AS is_own, d.id AS seq
            FROM deployment d, volume v
            WHERE {OfItsService}
                AND (v.engine_name = $engine_name
                    OR v.id IN (SELECT volume_id FROM volume_candidate WHERE engine_name = $engine_name))
                AND d.image_id IS NOT NULL
            UNION ALL
            SELECT image_id, 0, seq
            FROM image)
        GROUP BY image_id
        ORDER BY max(is_own) DESC, max(seq) DESC
        LIMIT $most
        """,
        row => row.Text(),
        ("$engine_name", engineName), ("$most", MaxImagesOfVolume));

    private static IReadOnlyList<VolumeHolder> ListHolders(SqliteSession db) => db.All(
        """
        SELECT t.engine_name, t.deployment_id
        FROM deployment_volume t
        JOIN deployment d ON d.id = t.deployment_id
        WHERE d.log_closed_at_ms IS NULL
        ORDER BY t.deployment_id, t.name
        """,
        row => new VolumeHolder(row.Text(), row.Long()));

    private bool InsertBare(SqliteSession db, BareContainer bare) => db.Execute(
        """
        INSERT INTO bare_container (container, deployment_id, paths, copy, found_at_ms)
        VALUES ($container, $id, $paths, $copy, $now)
        ON CONFLICT (container) DO NOTHING
        """,
        ("$container", bare.Container), ("$id", bare.DeploymentId),
        ("$paths", JsonSerializer.Serialize(bare.Paths)), ("$copy", bare.CopyFrom(bare.Container)), ("$now", Now)) > 0;

    private static List<BareContainer> ListBare(SqliteSession db, long deploymentId) => db.All(
        """
        SELECT b.deployment_id, b.container, b.paths
        FROM bare_container b
        JOIN deployment d ON d.id = b.deployment_id
        JOIN deployment me ON me.id = $id
        WHERE (d.identity, d.branch, d.options ->> 'subdirectory', d.name)
            = (me.identity, me.branch, me.options ->> 'subdirectory', me.name)
        ORDER BY b.deployment_id, b.container
        """,
        row => new BareContainer(row.Long(), row.Text(), ListOf<string>(row.Text())),
        ("$id", deploymentId));

    private static List<T> ListOf<T>(string json) => JsonSerializer.Deserialize<List<T>>(json)!;
}
