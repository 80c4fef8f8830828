-- Which repository an address means, however it is spelled: services, names, ports, history and images go by it. The
-- functions of this file are SPEED's own, known while migrations run. Of what is up nothing changes: each keeps the names
-- that it has, and two that turn out to be one service both stay up until a newer one takes their place.
ALTER TABLE deployment ADD COLUMN identity TEXT NOT NULL DEFAULT '';

-- Tells the services of one repository, branch and subdirectory apart.
ALTER TABLE deployment ADD COLUMN name TEXT NOT NULL DEFAULT ''
    CHECK (length(name) <= 30 AND name NOT GLOB '*[^a-z0-9-]*' AND name NOT GLOB '-*' AND name NOT GLOB '*-');

-- Of what was at work or up when its repository got an identity: the address by which it was known, which tells two apart that were
-- two services until then. A newer one, which has none, takes the place of both.
ALTER TABLE deployment ADD COLUMN address_of_before TEXT;

-- The names that a service has by itself: those of its own, as a list, and the brief one, which others may want too.
ALTER TABLE deployment ADD COLUMN own_hosts TEXT NOT NULL DEFAULT '[]' CHECK (json_type(own_hosts) = 'array');
ALTER TABLE deployment ADD COLUMN brief_host TEXT;

-- What has ended gets its identity, too.
DROP TRIGGER deployment_is_final_once_ended;
DROP TRIGGER deployment_keeps_what_it_was_made_of;

UPDATE deployment
SET identity = repository_identity(coalesce(options ->> 'url', '')),
    address_of_before = CASE WHEN status = 'Running' THEN options ->> 'url' END;

UPDATE deployment
SET own_hosts = json_array(own_host_of_before(
        options ->> 'url', coalesce(branch, options ->> 'branch', ''), options ->> 'subdirectory')),
    brief_host = brief_host_of_before(
        options ->> 'url', coalesce(branch, options ->> 'branch', ''), options ->> 'subdirectory')
WHERE kind = 'service';

CREATE TRIGGER deployment_keeps_what_it_was_made_of BEFORE UPDATE ON deployment
WHEN (OLD.id, OLD.worker_id, OLD.options, OLD.created_at_ms, OLD.deadline_at_ms, OLD.identity, OLD.name,
        OLD.address_of_before)
    IS NOT (NEW.id, NEW.worker_id, NEW.options, NEW.created_at_ms, NEW.deadline_at_ms, NEW.identity, NEW.name,
        NEW.address_of_before)
BEGIN
    SELECT RAISE(ABORT, 'what a deployment was made of does not change');
END;

-- A new owner may still come for a log that is open; after that, nothing changes at all.
CREATE TRIGGER deployment_is_final_once_ended BEFORE UPDATE ON deployment
WHEN OLD.ended_at_ms IS NOT NULL AND (
    OLD.log_closed_at_ms IS NOT NULL
    OR (OLD.status, OLD.attempt, OLD.run_by, OLD.branch, OLD.commit_id, OLD.image_id, OLD.start_asked_at_ms,
        OLD.exit_code, OLD.failure_code, OLD.failure_phase, OLD.failure_exit_code, OLD.failure_message,
        OLD.failure_hint, OLD.failure_log_line, OLD.cancel_by, OLD.cancel_reason, OLD.cancel_requested_at_ms,
        OLD.cancel_confirmed_at_ms, OLD.started_at_ms, OLD.ended_at_ms)
    IS NOT (NEW.status, NEW.attempt, NEW.run_by, NEW.branch, NEW.commit_id, NEW.image_id, NEW.start_asked_at_ms,
        NEW.exit_code, NEW.failure_code, NEW.failure_phase, NEW.failure_exit_code, NEW.failure_message,
        NEW.failure_hint, NEW.failure_log_line, NEW.cancel_by, NEW.cancel_reason, NEW.cancel_requested_at_ms,
        NEW.cancel_confirmed_at_ms, NEW.started_at_ms, NEW.ended_at_ms))
BEGIN
    SELECT RAISE(ABORT, 'an ended deployment does not change');
END;

CREATE TRIGGER deployment_keeps_its_hosts BEFORE UPDATE OF own_hosts, brief_host ON deployment
WHEN OLD.brief_host IS NOT NULL
    AND (OLD.own_hosts, OLD.brief_host) IS NOT (NEW.own_hosts, NEW.brief_host)
BEGIN
    SELECT RAISE(ABORT, 'the names of a service do not change');
END;

-- Whose own host names are: a service keeps each that it ever had, and no other gets it. Numbered: the oldest comes first.
CREATE TABLE service_host (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL UNIQUE,
    identity TEXT NOT NULL,
    branch TEXT NOT NULL,
    subdirectory TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;

-- Those of one service.
CREATE INDEX service_host_of_service ON service_host (identity, branch, subdirectory, name);

INSERT INTO service_host (host, identity, branch, subdirectory, name)
SELECT d.own_hosts ->> 0, d.identity, coalesce(d.branch, d.options ->> 'branch', ''), d.options ->> 'subdirectory', ''
FROM deployment d
WHERE d.kind = 'service'
ORDER BY d.first_up_at_ms IS NULL, d.first_up_at_ms, d.id
ON CONFLICT (host) DO NOTHING;

-- The uses of images, by repository.
DROP TRIGGER image_is_used;

CREATE TABLE image_use_of_identity (
    identity TEXT NOT NULL,
    branch TEXT NOT NULL,
    image_id TEXT NOT NULL,
    deployment_id INTEGER NOT NULL,
    PRIMARY KEY (identity, branch, image_id)
) STRICT, WITHOUT ROWID;

INSERT INTO image_use_of_identity (identity, branch, image_id, deployment_id)
SELECT repository_identity(url), branch, image_id, max(deployment_id)
FROM image_use
GROUP BY 1, 2, 3;

DROP TABLE image_use;

ALTER TABLE image_use_of_identity RENAME TO image_use;

-- The uses of one image.
CREATE INDEX image_use_image ON image_use (image_id);

CREATE TRIGGER image_is_used AFTER UPDATE OF image_id ON deployment
WHEN NEW.image_id IS NOT NULL
BEGIN
    INSERT INTO image_use (identity, branch, image_id, deployment_id)
    VALUES (NEW.identity, coalesce(NEW.branch, ''), NEW.image_id, NEW.id)
    ON CONFLICT (identity, branch, image_id) DO UPDATE
    SET deployment_id = max(deployment_id, excluded.deployment_id);
END;

-- Lists, newest first, each with all that it is filtered by.
DROP INDEX deployment_listed;
CREATE INDEX deployment_listed ON deployment (id, identity, branch);

DROP INDEX deployment_of_status;
CREATE INDEX deployment_of_status ON deployment (status, id, identity, branch);

DROP INDEX deployment_of_repository;
CREATE INDEX deployment_of_repository ON deployment (identity, id, status);

-- The latest of a repository and branch.
DROP INDEX deployment_of_branch;
CREATE INDEX deployment_of_branch ON deployment (identity, branch, id);

-- The services of one repository, branch, subdirectory and name: who is replaced, and which ports were kept.
DROP INDEX deployment_service;
CREATE INDEX deployment_service ON deployment (identity, branch, options ->> 'subdirectory', name, id)
WHERE kind = 'service';
