-- A delivery that canceled something is recorded as that. What was recorded before stays as it is.
ALTER TABLE delivery RENAME TO delivery_before;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL REFERENCES hook (name) ON DELETE CASCADE,
    forge_id TEXT CHECK (length(forge_id) BETWEEN 1 AND 220),
    event TEXT NOT NULL,
    part INTEGER NOT NULL CHECK (part >= 0),
    redelivery_of INTEGER,
    at_ms INTEGER NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('started', 'canceled', 'ignored')),
    reason TEXT NOT NULL CHECK (length(reason) > 0),
    deployment_id INTEGER,
    body BLOB CHECK (length(body) <= 1048576),
    UNIQUE (hook, forge_id),
    CONSTRAINT started_exactly_with_a_deployment CHECK ((decision = 'started') = (deployment_id IS NOT NULL)),
    CONSTRAINT decides_an_earlier_one_anew CHECK (redelivery_of < id)
) STRICT;

INSERT INTO delivery (
    id, hook, forge_id, event, part, redelivery_of, at_ms, decision, reason, deployment_id, body)
SELECT id, hook, forge_id, event, part, redelivery_of, at_ms, decision, reason, deployment_id, body
FROM delivery_before;

-- Their ids go on above the highest that there ever was.
DELETE FROM sqlite_sequence
WHERE name = 'delivery';

INSERT INTO sqlite_sequence (name, seq)
SELECT 'delivery', seq
FROM sqlite_sequence
WHERE name = 'delivery_before';

DROP TABLE delivery_before;

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
