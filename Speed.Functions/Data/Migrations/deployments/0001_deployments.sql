-- Random: containers and images of this database bear it.
CREATE TABLE instance (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL CHECK (length(name) = 12 AND name NOT GLOB '*[^0-9a-f]*')
) STRICT;

INSERT INTO instance (one, name) VALUES (1, lower(hex(randomblob(6))));

CREATE TABLE deployment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    worker_id TEXT NOT NULL UNIQUE CHECK (length(worker_id) = 36),
    options TEXT NOT NULL CHECK (json_valid(options)),
    status TEXT NOT NULL DEFAULT 'Pending'
        CHECK (status IN ('Pending', 'Running', 'Succeeded', 'Failed', 'Canceled')),
    phase TEXT CHECK (phase IN ('clone', 'build', 'run')),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    owner TEXT,
    run_by TEXT NOT NULL DEFAULT 'speed' CHECK (run_by IN ('speed', 'leader')),

    branch TEXT,
    commit_id TEXT CHECK (length(commit_id) IN (40, 64) AND commit_id NOT GLOB '*[^0-9a-f]*'),
    image_id TEXT,
    start_asked_at_ms INTEGER,
    exit_code INTEGER,

    failure_code TEXT CHECK (failure_code NOT GLOB '*[^A-Z_]*'),
    failure_phase TEXT CHECK (failure_phase IN ('clone', 'build', 'run')),
    failure_exit_code INTEGER,
    failure_message TEXT,
    failure_hint TEXT,
    failure_log_line INTEGER,

    cancel_by TEXT,
    cancel_reason TEXT,
    cancel_requested_at_ms INTEGER,
    cancel_confirmed_at_ms INTEGER,

    created_at_ms INTEGER NOT NULL,
    started_at_ms INTEGER,
    ended_at_ms INTEGER,
    deadline_at_ms INTEGER,
    due_at_ms INTEGER,
    log_closed_at_ms INTEGER,

    CONSTRAINT pending_has_not_begun CHECK (
        status <> 'Pending'
        OR (started_at_ms IS NULL AND owner IS NULL AND attempt = 0 AND run_by = 'speed'
            AND start_asked_at_ms IS NULL)),
    CONSTRAINT running_has_begun CHECK (
        status NOT IN ('Running', 'Succeeded') OR started_at_ms IS NOT NULL),
    CONSTRAINT phase_exactly_at_work CHECK (
        (phase IS NOT NULL) = (status = 'Running' AND run_by = 'speed')),
    CONSTRAINT a_leader_has_no_container CHECK (
        run_by = 'speed' OR (owner IS NULL AND attempt = 0 AND start_asked_at_ms IS NULL)),
    CONSTRAINT ended_exactly_when_final CHECK (
        (ended_at_ms IS NOT NULL) = (status IN ('Succeeded', 'Failed', 'Canceled'))),
    CONSTRAINT failure_exactly_without_success CHECK (
        (failure_code IS NOT NULL) = (status IN ('Failed', 'Canceled'))),
    CONSTRAINT failure_is_whole CHECK (
        (failure_code IS NULL) = (failure_message IS NULL)),
    CONSTRAINT only_canceled_follows_a_cancel CHECK (
        cancel_requested_at_ms IS NULL
        OR status = 'Canceled'
        OR (status = 'Running' AND run_by = 'speed')),
    CONSTRAINT cancel_is_whole CHECK (
        (cancel_requested_at_ms IS NULL) = (cancel_by IS NULL)),
    CONSTRAINT cancel_confirmed_exactly_at_its_end CHECK (
        (cancel_confirmed_at_ms IS NOT NULL) = (cancel_requested_at_ms IS NOT NULL AND status = 'Canceled')),
    CONSTRAINT due_only_where_no_worker_watches CHECK (
        due_at_ms IS NULL OR status = 'Pending' OR (status = 'Running' AND run_by = 'leader')),
    CONSTRAINT log_closed_only_after_the_end CHECK (
        log_closed_at_ms IS NULL OR ended_at_ms IS NOT NULL)
) STRICT;

-- The queue in order, and what a restart must look at.
CREATE INDEX deployment_open ON deployment (status, id) WHERE log_closed_at_ms IS NULL;

-- What nobody watches, by when it falls due.
CREATE INDEX deployment_due ON deployment (due_at_ms) WHERE due_at_ms IS NOT NULL;

CREATE TRIGGER deployment_begins_pending BEFORE INSERT ON deployment
WHEN NEW.status <> 'Pending' OR NEW.version <> 1 OR NEW.epoch <> 0
BEGIN
    SELECT RAISE(ABORT, 'a deployment begins as Pending');
END;

CREATE TRIGGER deployment_follows_the_arrows BEFORE UPDATE OF status ON deployment
WHEN OLD.status <> NEW.status
    AND NOT (OLD.status = 'Pending' AND NEW.status IN ('Running', 'Failed', 'Canceled'))
    AND NOT (OLD.status = 'Running' AND NEW.status IN ('Succeeded', 'Failed', 'Canceled'))
BEGIN
    SELECT RAISE(ABORT, 'the lifecycle has no such arrow');
END;

CREATE TRIGGER deployment_keeps_what_it_was_made_of BEFORE UPDATE ON deployment
WHEN (OLD.id, OLD.worker_id, OLD.options, OLD.created_at_ms, OLD.deadline_at_ms)
    IS NOT (NEW.id, NEW.worker_id, NEW.options, NEW.created_at_ms, NEW.deadline_at_ms)
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

CREATE TRIGGER deployment_cancel_stays BEFORE UPDATE ON deployment
WHEN OLD.cancel_requested_at_ms IS NOT NULL
    AND (OLD.cancel_by, OLD.cancel_reason, OLD.cancel_requested_at_ms)
    IS NOT (NEW.cancel_by, NEW.cancel_reason, NEW.cancel_requested_at_ms)
BEGIN
    SELECT RAISE(ABORT, 'a cancel request stays');
END;

CREATE TRIGGER deployment_is_started_once_an_attempt BEFORE UPDATE OF start_asked_at_ms ON deployment
WHEN OLD.start_asked_at_ms IS NOT NULL
    AND NEW.start_asked_at_ms IS NOT OLD.start_asked_at_ms
    AND NEW.attempt = OLD.attempt
BEGIN
    SELECT RAISE(ABORT, 'a start is asked for once an attempt');
END;

CREATE TRIGGER deployment_counts_upwards BEFORE UPDATE ON deployment
WHEN NEW.epoch < OLD.epoch
    OR NEW.attempt < OLD.attempt
    OR NEW.version < OLD.version
    OR (NEW.version = OLD.version
        AND (OLD.status, OLD.phase, OLD.attempt, OLD.failure_code, OLD.cancel_requested_at_ms, OLD.log_closed_at_ms)
        IS NOT (NEW.status, NEW.phase, NEW.attempt, NEW.failure_code, NEW.cancel_requested_at_ms, NEW.log_closed_at_ms))
BEGIN
    SELECT RAISE(ABORT, 'version, attempt and epoch only rise, the version with every change');
END;

CREATE TRIGGER deployment_phases_go_forward BEFORE UPDATE OF phase ON deployment
WHEN OLD.attempt = NEW.attempt
    AND instr('clone build run', NEW.phase) < instr('clone build run', OLD.phase)
BEGIN
    SELECT RAISE(ABORT, 'within an attempt phases only go forward');
END;

CREATE TRIGGER deployment_stays_until_its_log_is_closed BEFORE DELETE ON deployment
WHEN OLD.log_closed_at_ms IS NULL
BEGIN
    SELECT RAISE(ABORT, 'a deployment is not deleted before its log is closed');
END;

-- Every status that every deployment had.
CREATE TABLE history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (deployment_id, version)
) STRICT;

CREATE TRIGGER history_of_a_new_one AFTER INSERT ON deployment
BEGIN
    INSERT INTO history (deployment_id, version, status, at_ms)
    VALUES (NEW.id, NEW.version, NEW.status, NEW.created_at_ms);
END;

CREATE TRIGGER history_of_a_change AFTER UPDATE OF status ON deployment
WHEN OLD.status <> NEW.status
BEGIN
    INSERT INTO history (deployment_id, version, status, at_ms)
    VALUES (NEW.id, NEW.version, NEW.status, coalesce(NEW.ended_at_ms, NEW.started_at_ms));
END;

CREATE TRIGGER history_stays BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history does not change');
END;

-- Counted as it changes: counting the rows at every start would make a long queue slow.
CREATE TABLE queue (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    length INTEGER NOT NULL CHECK (length >= 0)
) STRICT;

INSERT INTO queue (one, length) VALUES (1, 0);

CREATE TRIGGER queue_grows AFTER INSERT ON deployment
BEGIN
    UPDATE queue SET length = length + 1;
END;

CREATE TRIGGER queue_shrinks AFTER UPDATE OF status ON deployment
WHEN OLD.status = 'Pending' AND NEW.status <> 'Pending'
BEGIN
    UPDATE queue SET length = length - 1;
END;

CREATE TABLE phase (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    name TEXT NOT NULL CHECK (name IN ('clone', 'build', 'run')),
    started_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    status TEXT NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'succeeded', 'failed', 'canceled')),
    UNIQUE (deployment_id, attempt, name),
    CONSTRAINT running_exactly_until_its_end CHECK ((ended_at_ms IS NULL) = (status = 'running'))
) STRICT;

CREATE UNIQUE INDEX phase_goes_on ON phase (deployment_id) WHERE ended_at_ms IS NULL;

CREATE TRIGGER phase_is_final_once_ended BEFORE UPDATE ON phase
WHEN OLD.ended_at_ms IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an ended phase does not change');
END;

CREATE TABLE result (
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('report', 'stdout', 'stderr', 'speed')),
    value TEXT NOT NULL,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    PRIMARY KEY (deployment_id, seq)
) STRICT;

CREATE TRIGGER results_are_dense BEFORE INSERT ON result
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM result WHERE deployment_id = NEW.deployment_id)
BEGIN
    SELECT RAISE(ABORT, 'results are numbered without a hole');
END;

CREATE TRIGGER results_stay BEFORE UPDATE ON result
BEGIN
    SELECT RAISE(ABORT, 'a result does not change');
END;

-- True of a single result; not of those that go with their deployment, which is gone before them.
CREATE TRIGGER results_go_with_their_deployment BEFORE DELETE ON result
WHEN EXISTS (SELECT 1 FROM deployment WHERE id = OLD.deployment_id)
BEGIN
    SELECT RAISE(ABORT, 'a result is not deleted');
END;

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    options TEXT NOT NULL,
    deployment_id INTEGER NOT NULL REFERENCES deployment (id) ON DELETE CASCADE,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Those past their day.
CREATE INDEX idempotency_age ON idempotency (created_at_ms);

-- Builds that were asked for. No reference to the deployment: an image outlives the record of its first user.
CREATE TABLE build (
    key TEXT PRIMARY KEY CHECK (length(key) = 64 AND key NOT GLOB '*[^0-9a-f]*'),
    deployment_id INTEGER NOT NULL,
    asked_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every image id that a build printed. Older ones of a key stay: they are ours to clean up.
CREATE TABLE image (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL REFERENCES build (key) ON DELETE CASCADE,
    image_id TEXT NOT NULL,
    built_at_ms INTEGER NOT NULL,
    UNIQUE (key, image_id)
) STRICT;
