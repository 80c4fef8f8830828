-- Repositories whose pushes start deployments. The secret is sealed with the key in secrets.key.
CREATE TABLE hook (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^0-9A-Za-z_.-]*'),
    forge TEXT NOT NULL CHECK (forge IN ('github', 'gitlab', 'gitea', 'bitbucket')),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    branches TEXT NOT NULL CHECK (json_array_length(branches) > 0),
    paths TEXT NOT NULL CHECK (json_type(paths) = 'array'),
    options TEXT NOT NULL CHECK (json_type(options) = 'object'),
    sealed BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What came to a hook under its signature, and what was decided: the last 200 of each. No reference to the deployment:
-- its record may go first. The body comes last, so that nothing else is behind it.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL REFERENCES hook (name) ON DELETE CASCADE,
    forge_id TEXT CHECK (length(forge_id) BETWEEN 1 AND 220),
    event TEXT NOT NULL,
    part INTEGER NOT NULL CHECK (part >= 0),
    redelivery_of INTEGER,
    at_ms INTEGER NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('started', 'ignored')),
    reason TEXT NOT NULL CHECK (length(reason) > 0),
    deployment_id INTEGER,
    body BLOB CHECK (length(body) <= 1048576),
    UNIQUE (hook, forge_id),
    CONSTRAINT started_exactly_with_a_deployment CHECK ((decision = 'started') = (deployment_id IS NOT NULL)),
    CONSTRAINT decides_an_earlier_one_anew CHECK (redelivery_of < id)
) STRICT;

-- Those of one hook, in order.
CREATE INDEX delivery_of_hook ON delivery (hook, id);

CREATE TRIGGER delivery_stays BEFORE UPDATE ON delivery
WHEN NEW.body IS NOT NULL
    OR (OLD.id, OLD.hook, OLD.forge_id, OLD.event, OLD.part, OLD.redelivery_of, OLD.at_ms, OLD.decision, OLD.reason,
        OLD.deployment_id)
    IS NOT (NEW.id, NEW.hook, NEW.forge_id, NEW.event, NEW.part, NEW.redelivery_of, NEW.at_ms, NEW.decision, NEW.reason,
        NEW.deployment_id)
BEGIN
    SELECT RAISE(ABORT, 'of a delivery only the body goes');
END;

-- Of the bodies the newest, 16 MiB in all.
CREATE TRIGGER delivery_goes_with_its_time AFTER INSERT ON delivery
BEGIN
    DELETE FROM delivery
    WHERE hook = NEW.hook
        AND id <= (SELECT id FROM delivery WHERE hook = NEW.hook ORDER BY id DESC LIMIT 1 OFFSET 200);
    UPDATE delivery SET body = NULL
    WHERE body IS NOT NULL
        AND id IN (
            SELECT id
            FROM (
                SELECT id, sum(length(body)) OVER (ORDER BY id DESC) AS bytes
                FROM delivery
                WHERE hook = NEW.hook)
            WHERE bytes > 16777216);
END;

-- Which hook started what has not ended.
CREATE TABLE hook_start (
    deployment_id INTEGER PRIMARY KEY REFERENCES deployment (id) ON DELETE CASCADE,
    hook TEXT NOT NULL REFERENCES hook (name) ON DELETE CASCADE
) STRICT;

-- What one hook started.
CREATE INDEX hook_start_of_hook ON hook_start (hook);

CREATE TRIGGER hook_start_until_the_end AFTER UPDATE OF ended_at_ms ON deployment
WHEN NEW.ended_at_ms IS NOT NULL
BEGIN
    DELETE FROM hook_start
    WHERE deployment_id = NEW.id;
END;
