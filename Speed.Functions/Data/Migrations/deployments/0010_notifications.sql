-- Whom SPEED tells of deployments. Where, and with which signing key, is sealed with the key in secrets.key; of the
-- address only the origin is shown.
CREATE TABLE notification (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^a-z0-9-]*'),
    format TEXT NOT NULL CHECK (format IN ('standard', 'slack', 'discord', 'commit_status')),
    origin TEXT NOT NULL,
    events TEXT NOT NULL CHECK (json_valid(events)),
    repos TEXT NOT NULL CHECK (json_valid(repos)),
    created_at_ms INTEGER NOT NULL,
    disabled_at_ms INTEGER,
    sealed BLOB,
    CONSTRAINT only_commit_statuses_need_no_address CHECK ((format = 'commit_status') = (sealed IS NULL))
) STRICT, WITHOUT ROWID;

-- Built in: the commit statuses, sent where a git secret is for the repository. It bears their deliveries.
INSERT INTO notification (name, format, origin, events, repos, created_at_ms)
VALUES ('commit-status', 'commit_status', '', '["resolved", "up", "succeeded", "failed", "canceled"]', '[]',
    CAST(unixepoch('subsec') * 1000 AS INTEGER));

CREATE TRIGGER notification_of_commit_statuses_stays BEFORE DELETE ON notification
WHEN OLD.format = 'commit_status'
BEGIN
    SELECT RAISE(ABORT, 'the notification of commit statuses is built in');
END;

-- What is told of a deployment, as it stands at this moment. No environment, no secrets; the failure is masked.
CREATE VIEW telling AS
SELECT id, options ->> 'url' AS url, json_object(
    'id', id, 'url', options ->> 'url', 'branch', branch, 'commit', commit_id, 'status', status,
    'failure', CASE WHEN failure_code IS NULL THEN NULL ELSE json_object(
        'code', failure_code, 'phase', failure_phase, 'message', failure_message, 'hint', failure_hint) END,
    'exit_code', exit_code, 'labels', coalesce(options -> 'labels', json('{}')), 'retry_of', retry_of,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at_ms / 1000.0, 'unixepoch'),
    'started_at', strftime('%Y-%m-%dT%H:%M:%fZ', started_at_ms / 1000.0, 'unixepoch'),
    'ended_at', strftime('%Y-%m-%dT%H:%M:%fZ', ended_at_ms / 1000.0, 'unixepoch')) AS data
FROM deployment;

-- What is to be told and not yet spread to those who want to hear it. No reference to the deployment: it may be gone
-- before everybody has heard of it.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id INTEGER NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('started', 'resolved', 'up', 'succeeded', 'failed', 'canceled')),
    url TEXT NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data)),
    at_ms INTEGER NOT NULL
) STRICT;

-- Nothing is written where nobody would hear it.
CREATE TRIGGER outbox_of_a_status AFTER UPDATE OF status ON deployment
WHEN OLD.status <> NEW.status
    AND (EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
        OR (NEW.commit_id IS NOT NULL AND EXISTS (SELECT 1 FROM secret WHERE use = 'git')))
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, CASE NEW.status WHEN 'Running' THEN 'started' ELSE lower(NEW.status) END, url, data,
        coalesce(NEW.ended_at_ms, NEW.started_at_ms)
    FROM telling
    WHERE id = NEW.id;
END;

-- A commit is known: the first moment at which its status can be told.
CREATE TRIGGER outbox_of_a_commit AFTER UPDATE OF commit_id ON deployment
WHEN OLD.commit_id IS NULL AND NEW.commit_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM secret WHERE use = 'git')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, 'resolved', url, data, CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM telling
    WHERE id = NEW.id;
END;

-- One event on its way to one receiver. Of each lane one delivery is under way at a time, the oldest that is due.
CREATE TABLE notification_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notification TEXT NOT NULL REFERENCES notification (name) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    deployment_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data)),
    at_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    due_at_ms INTEGER,
    tried_at_ms INTEGER,
    answer INTEGER,
    error TEXT,
    CONSTRAINT due_exactly_while_pending CHECK ((due_at_ms IS NOT NULL) = (state = 'pending'))
) STRICT;

-- Those that are due, lane by lane, and when the next one is.
CREATE INDEX notification_delivery_due ON notification_delivery (lane, due_at_ms) WHERE state = 'pending';

-- The deliveries of one notification, the newest first.
CREATE INDEX notification_delivery_list ON notification_delivery (notification, id);

CREATE TRIGGER notification_delivery_keeps_what_it_tells BEFORE UPDATE ON notification_delivery
WHEN (OLD.id, OLD.notification, OLD.message_id, OLD.deployment_id, OLD.event, OLD.data, OLD.at_ms)
    IS NOT (NEW.id, NEW.notification, NEW.message_id, NEW.deployment_id, NEW.event, NEW.data, NEW.at_ms)
BEGIN
    SELECT RAISE(ABORT, 'what a delivery tells does not change');
END;

-- The last two hundred of each are kept; one that is still on its way stays, however old.
CREATE TRIGGER notification_delivery_goes_with_its_time AFTER UPDATE OF state ON notification_delivery
WHEN NEW.state <> 'pending'
BEGIN
    DELETE FROM notification_delivery
    WHERE notification = NEW.notification
        AND state <> 'pending'
        AND id <= (
            SELECT id
            FROM notification_delivery
            WHERE notification = NEW.notification
            ORDER BY id DESC
            LIMIT 1 OFFSET 200);
END;
