-- A cookie alone signs nobody in any more: it comes with a second value that the page keeps. Sessions of before have none,
-- and end.
DROP TABLE session;

CREATE TABLE session (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    page_hash BLOB NOT NULL CHECK (length(page_hash) = 32),
    token_id TEXT REFERENCES token (id) ON DELETE CASCADE,
    admin_hash BLOB CHECK (length(admin_hash) = 32),
    expires_at_ms INTEGER NOT NULL,
    CONSTRAINT one_or_the_other CHECK ((token_id IS NULL) <> (admin_hash IS NULL))
) STRICT, WITHOUT ROWID;

-- The sessions of one token.
CREATE INDEX session_token ON session (token_id);

-- Which hosts a token may ask for, as patterns; null: all, for it was made before there were such.
ALTER TABLE token ADD COLUMN hosts TEXT CHECK (json_type(hosts) = 'array');
