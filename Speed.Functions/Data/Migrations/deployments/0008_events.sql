-- Every change of every deployment, in the order of the commits: what GET /v1/events tells. No reference to the
-- deployment: what was told of one that is gone may still be missed by somebody.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id INTEGER NOT NULL,
    url TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    phase TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER event_of_a_new_one AFTER INSERT ON deployment
BEGIN
    INSERT INTO event (deployment_id, url, version, status, phase, at_ms)
    VALUES (NEW.id, coalesce(NEW.options ->> 'url', ''), NEW.version, NEW.status, NEW.phase, NEW.created_at_ms);
END;

CREATE TRIGGER event_of_a_change AFTER UPDATE OF version ON deployment
WHEN NEW.version > OLD.version
BEGIN
    INSERT INTO event (deployment_id, url, version, status, phase, at_ms)
    VALUES (NEW.id, coalesce(NEW.options ->> 'url', ''), NEW.version, NEW.status, NEW.phase,
        CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;

-- Twenty minutes at a thousand changes a minute, and days at an ordinary pace: whoever was away for longer starts anew.
CREATE TRIGGER event_goes_with_its_time AFTER INSERT ON event
BEGIN
    DELETE FROM event
    WHERE seq <= NEW.seq - 20000;
END;

CREATE TRIGGER event_stays BEFORE UPDATE ON event
BEGIN
    SELECT RAISE(ABORT, 'an event does not change');
END;
