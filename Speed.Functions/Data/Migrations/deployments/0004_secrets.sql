-- What SPEED may use and nobody may read: sealed with the key in secrets.key.
CREATE TABLE secret (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    use TEXT NOT NULL CHECK (use IN ('run', 'git', 'registry')),
    repos TEXT NOT NULL CHECK (json_valid(repos)),
    username TEXT,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What a deployment was given of them, sealed too: it stays the same, whatever becomes of the secrets.
CREATE TABLE taken (
    deployment_id INTEGER PRIMARY KEY REFERENCES deployment (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;

CREATE TRIGGER taken_stays BEFORE UPDATE ON taken
BEGIN
    SELECT RAISE(ABORT, 'what a deployment was given does not change');
END;

-- In the transaction that closes the log: then nothing is left to be masked.
CREATE TRIGGER taken_until_the_log_is_closed AFTER UPDATE OF log_closed_at_ms ON deployment
WHEN NEW.log_closed_at_ms IS NOT NULL
BEGIN
    DELETE FROM taken
    WHERE deployment_id = NEW.id;
END;
