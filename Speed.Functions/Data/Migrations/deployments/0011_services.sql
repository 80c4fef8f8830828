-- A service stays up: it frees its slot then, and a newer one of the same repository, branch and subdirectory takes its
-- place.
ALTER TABLE deployment ADD COLUMN kind TEXT CHECK (kind IN ('job', 'service'));
ALTER TABLE deployment ADD COLUMN endpoints TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(endpoints));
ALTER TABLE deployment ADD COLUMN up_at_ms INTEGER
    CONSTRAINT only_a_service_is_up CHECK (up_at_ms IS NULL OR kind = 'service');
ALTER TABLE deployment ADD COLUMN first_up_at_ms INTEGER
    CONSTRAINT up_is_up_once CHECK (up_at_ms IS NULL OR first_up_at_ms IS NOT NULL);
ALTER TABLE deployment ADD COLUMN superseded_by INTEGER
    CONSTRAINT the_newest_wins CHECK (superseded_by IS NULL OR superseded_by > id);
ALTER TABLE deployment ADD COLUMN yields_to INTEGER
    CONSTRAINT the_older_one_yields CHECK (yields_to IS NULL OR yields_to > id);
ALTER TABLE deployment ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0 CHECK (restarts >= 0);

CREATE TRIGGER deployment_stays_superseded BEFORE UPDATE OF superseded_by ON deployment
WHEN OLD.superseded_by IS NOT NULL AND NEW.superseded_by IS NOT OLD.superseded_by
BEGIN
    SELECT RAISE(ABORT, 'what took the place of a deployment does not change');
END;

CREATE TRIGGER deployment_superseded_ends_canceled BEFORE UPDATE OF status ON deployment
WHEN OLD.superseded_by IS NOT NULL AND NEW.status IN ('Succeeded', 'Failed') AND NEW.log_closed_at_ms IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'only Canceled follows once a newer one is up');
END;

-- However the newer one ends, those that made room for it may go on.
CREATE TRIGGER deployment_need_not_yield_any_more AFTER UPDATE OF status ON deployment
WHEN OLD.ended_at_ms IS NULL AND NEW.ended_at_ms IS NOT NULL
BEGIN
    UPDATE deployment
    SET yields_to = NULL, version = version + 1
    WHERE yields_to = NEW.id
        AND ended_at_ms IS NULL;
END;

CREATE INDEX deployment_yields ON deployment (yields_to) WHERE yields_to IS NOT NULL;

-- The services of one repository, branch and subdirectory: who is replaced, and which ports were kept.
CREATE INDEX deployment_service ON deployment (options ->> 'url', branch, options ->> 'subdirectory', id)
WHERE kind = 'service';

-- Those that are up.
CREATE INDEX deployment_up ON deployment (id) WHERE up_at_ms IS NOT NULL AND ended_at_ms IS NULL;
