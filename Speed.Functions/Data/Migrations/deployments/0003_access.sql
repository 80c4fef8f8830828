-- Keys of people and programs. Of the value only its SHA-256.
CREATE TABLE token (
    id TEXT PRIMARY KEY CHECK (length(id) = 12 AND id NOT GLOB '*[^0-9a-z]*'),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    repos TEXT NOT NULL CHECK (json_valid(repos)),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TRIGGER token_does_not_change BEFORE UPDATE ON token
BEGIN
    SELECT RAISE(ABORT, 'a token does not change');
END;

-- Who is signed in at the dashboard: with a token, and gone with it, or with the admin key of this hash.
CREATE TABLE session (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    token_id TEXT REFERENCES token (id) ON DELETE CASCADE,
    admin_hash BLOB CHECK (length(admin_hash) = 32),
    expires_at_ms INTEGER NOT NULL,
    CONSTRAINT one_or_the_other CHECK ((token_id IS NULL) <> (admin_hash IS NULL))
) STRICT, WITHOUT ROWID;

-- The sessions of one token.
CREATE INDEX session_token ON session (token_id);

-- Who did what, for ever.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    caller TEXT NOT NULL,
    action TEXT NOT NULL,
    deployment_id INTEGER,
    outcome INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit does not change');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is not deleted from');
END;
