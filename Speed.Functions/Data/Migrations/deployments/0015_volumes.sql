-- Under which name the engine has the volumes of each service. New names are random, and their owner is on a label of the
-- volume, too. An earlier SPEED worked the name out each time, of the address as it was written and of a branch that the
-- first attempt could not know yet: all that a volume can be called are its candidates, and one of them is chosen once the
-- engine answers. Until then it has no name.
CREATE TABLE volume (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    branch TEXT NOT NULL,
    subdirectory TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    engine_name TEXT,
    owner TEXT,
    made_at_ms INTEGER,
    UNIQUE (identity, branch, subdirectory, service, name),
    CONSTRAINT made_under_a_name CHECK (made_at_ms IS NULL OR engine_name IS NOT NULL),
    CONSTRAINT owned_under_a_name CHECK (owner IS NULL OR engine_name IS NOT NULL)
) STRICT;

-- Those that are still to be chosen.
CREATE INDEX volume_unchosen ON volume (id) WHERE engine_name IS NULL;

CREATE INDEX volume_on_engine ON volume (engine_name);

CREATE TRIGGER volume_keeps_its_name BEFORE UPDATE ON volume
WHEN (OLD.id, OLD.identity, OLD.branch, OLD.subdirectory, OLD.service, OLD.name, OLD.owner)
    IS NOT (NEW.id, NEW.identity, NEW.branch, NEW.subdirectory, NEW.service, NEW.name, NEW.owner)
    OR (OLD.engine_name IS NOT NULL AND NEW.engine_name IS NOT OLD.engine_name)
BEGIN
    SELECT RAISE(ABORT, 'a volume stays its service''s, under its name');
END;

-- The likeliest comes first.
CREATE TABLE volume_candidate (
    volume_id INTEGER NOT NULL REFERENCES volume (id) ON DELETE CASCADE,
    place INTEGER NOT NULL CHECK (place >= 1),
    engine_name TEXT NOT NULL,
    PRIMARY KEY (volume_id, place),
    UNIQUE (volume_id, engine_name)
) STRICT, WITHOUT ROWID;

CREATE INDEX volume_candidate_on_engine ON volume_candidate (engine_name);

-- What a deployment has: it keeps that until it ends, whatever its service's next one gets.
CREATE TABLE deployment_volume (
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    engine_name TEXT NOT NULL,
    PRIMARY KEY (deployment_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_volume_on_engine ON deployment_volume (engine_name);

CREATE TRIGGER deployment_volume_stays BEFORE UPDATE ON deployment_volume
BEGIN
    SELECT RAISE(ABORT, 'a deployment keeps its volumes');
END;

-- Containers of an earlier SPEED that run without volumes that were asked for, and the commands that copy what is in
-- them. No reference to the deployment: the container is kept for what is in it, however long that takes.
CREATE TABLE bare_container (
    container TEXT PRIMARY KEY,
    deployment_id INTEGER NOT NULL,
    paths TEXT NOT NULL CHECK (json_type(paths) = 'array'),
    copy TEXT NOT NULL,
    found_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each name that each volume can have had, by each deployment: with the branch that was recorded, which later attempts
-- had, and with the one that was asked for, which is empty where none was, in the first attempt.
CREATE TEMP TABLE volume_of_before AS
SELECT d.identity, coalesce(d.branch, d.options ->> 'branch') AS branch, d.options ->> 'subdirectory' AS subdirectory,
    d.name AS service, asked.value ->> 'name' AS name, d.id AS deployment_id,
    'speed-' || i.name || '-' || volume_mark_of_before(
            d.options ->> 'url',
            CASE way.by WHEN 'recorded' THEN coalesce(d.branch, d.options ->> 'branch') ELSE coalesce(d.options ->> 'branch', '') END,
            d.options ->> 'subdirectory')
        || '-' || (asked.value ->> 'name') AS engine_name,
    d.first_up_at_ms IS NOT NULL OR (d.kind IS NOT 'service' AND d.start_asked_at_ms IS NOT NULL) AS was_up,
    (way.by = 'recorded') = (d.attempt > 1) AS was_last
FROM deployment d
JOIN instance i
JOIN json_each(d.options, '$.volumes') asked
JOIN (SELECT 'recorded' AS by UNION ALL SELECT 'asked') way
WHERE coalesce(d.branch, d.options ->> 'branch') IS NOT NULL;

INSERT INTO volume (identity, branch, subdirectory, service, name)
SELECT DISTINCT identity, branch, subdirectory, service, name
FROM volume_of_before;

-- Of the newest deployment that was up, under the name that its last attempt had: that is where the data were last.
INSERT INTO volume_candidate (volume_id, place, engine_name)
SELECT v.id, row_number() OVER (
    PARTITION BY v.id ORDER BY b.was_up DESC, b.deployment_id DESC, b.was_last DESC, b.engine_name), b.engine_name
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY identity, branch, subdirectory, service, name, engine_name
        ORDER BY was_up DESC, deployment_id DESC, was_last DESC) AS place_of_name
    FROM volume_of_before) b
JOIN volume v ON (v.identity, v.branch, v.subdirectory, v.service, v.name)
    = (b.identity, b.branch, b.subdirectory, b.service, b.name)
WHERE b.place_of_name = 1;

DROP TABLE volume_of_before;
