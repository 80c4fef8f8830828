-- head_n: up to this line the log is never dropped. bytes: of the stored text, with its line feeds.
CREATE TABLE log (
    deployment_id INTEGER PRIMARY KEY,
    last_n INTEGER NOT NULL DEFAULT 0 CHECK (last_n >= 0),
    head_n INTEGER NOT NULL DEFAULT 0 CHECK (head_n BETWEEN 0 AND last_n),
    bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    sha256 TEXT CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    closed_at_ms INTEGER,
    CONSTRAINT fingerprint_exactly_when_closed CHECK ((sha256 IS NULL) = (closed_at_ms IS NULL))
) STRICT;

-- Keyed by its last line: what follows a line is found by one search.
CREATE TABLE chunk (
    deployment_id INTEGER NOT NULL REFERENCES log (deployment_id) ON DELETE CASCADE,
    last_n INTEGER NOT NULL,
    first_n INTEGER NOT NULL,
    text_bytes INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    lines BLOB NOT NULL,
    CHECK (first_n BETWEEN 1 AND last_n),
    UNIQUE (deployment_id, last_n)
) STRICT;

CREATE TABLE gap (
    deployment_id INTEGER NOT NULL REFERENCES log (deployment_id) ON DELETE CASCADE,
    to_n INTEGER NOT NULL,
    from_n INTEGER NOT NULL,
    reason TEXT NOT NULL,
    bytes INTEGER,
    over_limit INTEGER NOT NULL DEFAULT 0 CHECK (over_limit IN (0, 1)),
    CHECK (from_n BETWEEN 1 AND to_n),
    PRIMARY KEY (deployment_id, to_n)
) STRICT, WITHOUT ROWID;

-- What was dropped is one gap.
CREATE UNIQUE INDEX gap_over_limit ON gap (deployment_id) WHERE over_limit = 1;
