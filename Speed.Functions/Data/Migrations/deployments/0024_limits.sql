-- How much was reported of each deployment, counted as it comes: adding it up at every report would make a deployment with
-- many of them slow. Each report counts with 64 bytes more, for what is kept beside it. What SPEED writes down at the end
-- does not count: there is room for that in any case.
CREATE TABLE reported (
    deployment_id INTEGER PRIMARY KEY REFERENCES deployment (id) ON DELETE CASCADE,
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT;

INSERT INTO reported (deployment_id, bytes)
SELECT deployment_id, sum(octet_length(value) + 64)
FROM result
WHERE source = 'report'
GROUP BY deployment_id;

CREATE TRIGGER report_is_counted AFTER INSERT ON result
WHEN NEW.source = 'report'
BEGIN
    INSERT INTO reported (deployment_id, bytes)
    VALUES (NEW.deployment_id, octet_length(NEW.value) + 64)
    ON CONFLICT (deployment_id) DO UPDATE SET bytes = bytes + excluded.bytes;
END;

-- Who asked for it, as the audit calls them. Empty where nobody knows: what had ended before this was kept, or came before
-- there was an audit.
ALTER TABLE deployment ADD COLUMN deployed_by TEXT NOT NULL DEFAULT '';

-- The first one: whoever asked for a retry that was under way got the one that another had asked for.
UPDATE deployment
SET deployed_by = first.caller
FROM (
    SELECT deployment_id, caller, min(seq)
    FROM audit
    WHERE action IN ('Start', 'Create', 'Retry', 'Deliver', 'Redeliver')
        AND outcome IN (201, 202)
    GROUP BY deployment_id) first
WHERE deployment.id = first.deployment_id
    AND deployment.ended_at_ms IS NULL;

CREATE TRIGGER deployment_stays_whose_it_is BEFORE UPDATE OF deployed_by ON deployment
WHEN NEW.deployed_by <> OLD.deployed_by
BEGIN
    SELECT RAISE(ABORT, 'who asked for a deployment does not change');
END;

-- Of one caller, those who wait, in order.
CREATE INDEX deployment_of_a_caller ON deployment (deployed_by, id) WHERE status = 'Pending';

-- How many wait of each caller, counted as the queue is.
CREATE TABLE caller_queue (
    caller TEXT PRIMARY KEY,
    length INTEGER NOT NULL CHECK (length >= 1)
) STRICT, WITHOUT ROWID;

INSERT INTO caller_queue (caller, length)
SELECT deployed_by, count(*)
FROM deployment
WHERE status = 'Pending'
GROUP BY deployed_by;

CREATE TRIGGER caller_queue_grows AFTER INSERT ON deployment
BEGIN
    INSERT INTO caller_queue (caller, length)
    VALUES (NEW.deployed_by, 1)
    ON CONFLICT (caller) DO UPDATE SET length = length + 1;
END;

CREATE TRIGGER caller_queue_shrinks AFTER UPDATE OF status ON deployment
WHEN OLD.status = 'Pending' AND NEW.status <> 'Pending'
BEGIN
    DELETE FROM caller_queue WHERE caller = NEW.deployed_by AND length = 1;
    UPDATE caller_queue SET length = length - 1 WHERE caller = NEW.deployed_by;
END;
