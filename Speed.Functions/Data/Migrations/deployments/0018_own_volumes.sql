-- What the volumes of one deployment can be called, of those that an earlier SPEED had up and that go on. Two services of
-- before can be one today, each with data of its own; and one that has no container when this SPEED first meets the engine
-- says by no mount which data are its. Without this it would get those of the other.
CREATE TABLE deployment_volume_candidate (
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    place INTEGER NOT NULL CHECK (place >= 1),
    engine_name TEXT NOT NULL,
    PRIMARY KEY (deployment_id, name, place)
) STRICT, WITHOUT ROWID;

-- As the names of a service's volumes: with the branch that was recorded, which later attempts had, and with the one that
-- was asked for. What took its volumes by the record needs none.
INSERT INTO deployment_volume_candidate (deployment_id, name, place, engine_name)
SELECT d.id, asked.value ->> 'name',
    row_number() OVER (
        PARTITION BY d.id, asked.value ->> 'name' ORDER BY (way.by = 'recorded') = (d.attempt > 1) DESC),
    'speed-' || i.name || '-' || volume_mark_of_before(
            d.options ->> 'url',
            CASE way.by WHEN 'recorded' THEN coalesce(d.branch, d.options ->> 'branch') ELSE coalesce(d.options ->> 'branch', '') END,
            d.options ->> 'subdirectory')
        || '-' || (asked.value ->> 'name')
FROM deployment d
JOIN instance i
JOIN json_each(d.options, '$.volumes') asked
JOIN (SELECT 'recorded' AS by UNION ALL SELECT 'asked') way
WHERE d.log_closed_at_ms IS NULL
    AND coalesce(d.branch, d.options ->> 'branch') IS NOT NULL
    AND (d.first_up_at_ms IS NOT NULL OR (d.kind IS NOT 'service' AND d.start_asked_at_ms IS NOT NULL))
    AND NOT EXISTS (
        SELECT 1
        FROM deployment_volume t
        WHERE t.deployment_id = d.id);
