-- What a deployment takes over from the service whose place it takes, where it leaves that out itself. Decided with its
-- commit, since its branch is known then, and for good: later attempts have the same.
ALTER TABLE deployment ADD COLUMN taken_over TEXT CHECK (json_type(taken_over) = 'object');

-- The options that it has: what was asked for, and in the place of what was left out what was taken over.
ALTER TABLE deployment ADD COLUMN effective TEXT
    GENERATED ALWAYS AS (json_patch(options, coalesce(taken_over, '{}'))) VIRTUAL;

CREATE TRIGGER deployment_takes_over_with_its_commit BEFORE UPDATE OF taken_over ON deployment
WHEN NEW.taken_over IS NOT OLD.taken_over
    AND (OLD.taken_over IS NOT NULL OR OLD.commit_id IS NOT NULL OR NEW.commit_id IS NULL OR OLD.ended_at_ms IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'what was taken over does not change');
END;

-- The values of the secrets among it, sealed. Beside those that a deployment is given first: which ones it takes over is
-- not known then.
CREATE TABLE taken_over_secret (
    deployment_id INTEGER PRIMARY KEY REFERENCES deployment (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;

CREATE TRIGGER taken_over_secret_stays BEFORE UPDATE ON taken_over_secret
BEGIN
    SELECT RAISE(ABORT, 'what a deployment was given does not change');
END;

CREATE TRIGGER taken_over_secret_until_the_log_is_closed AFTER UPDATE OF log_closed_at_ms ON deployment
WHEN NEW.log_closed_at_ms IS NOT NULL
BEGIN
    DELETE FROM taken_over_secret
    WHERE deployment_id = NEW.id;
END;

-- Labels that were taken over are told, too.
DROP VIEW telling;

CREATE VIEW telling AS
SELECT id, options ->> 'url' AS url, json_object(
    'id', id, 'url', options ->> 'url', 'branch', branch, 'commit', commit_id, 'status', status,
    'failure', CASE WHEN failure_code IS NULL THEN NULL ELSE json_object(
        'code', failure_code, 'phase', failure_phase, 'message', failure_message, 'hint', failure_hint) END,
    'exit_code', exit_code, 'labels', coalesce(effective -> 'labels', json('{}')), 'retry_of', retry_of,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at_ms / 1000.0, 'unixepoch'),
    'started_at', strftime('%Y-%m-%dT%H:%M:%fZ', started_at_ms / 1000.0, 'unixepoch'),
    'ended_at', strftime('%Y-%m-%dT%H:%M:%fZ', ended_at_ms / 1000.0, 'unixepoch')) AS data
FROM deployment;
