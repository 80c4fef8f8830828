-- Images that SPEED got from their registry without a login: they are for everybody, and their registry is not asked again
-- as long as the engine has the same one under the name.
CREATE TABLE public_image (
    name TEXT PRIMARY KEY,
    image_id TEXT NOT NULL,
    pulled_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a registry let the deployments of a repository have: it counts for a day where the registry does not answer.
CREATE TABLE allowed_image (
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    image_id TEXT NOT NULL,
    allowed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (identity, name)
) STRICT, WITHOUT ROWID;

-- Those that are over.
CREATE INDEX allowed_image_time ON allowed_image (allowed_at_ms);
