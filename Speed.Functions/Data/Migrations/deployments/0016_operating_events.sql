-- How a service that was up fares: what its health check holds against it, and how it is about to be started again. What
-- is told of that is told once, so it is on record, and a SPEED that is started anew goes on from there.
ALTER TABLE deployment ADD COLUMN unhealthy TEXT
    CONSTRAINT only_what_was_up_is_unhealthy CHECK (unhealthy IS NULL OR first_up_at_ms IS NOT NULL);
ALTER TABLE deployment ADD COLUMN health_at_ms INTEGER
    CONSTRAINT unhealthy_has_a_time CHECK (unhealthy IS NULL OR health_at_ms IS NOT NULL);
ALTER TABLE deployment ADD COLUMN restarting TEXT
    CONSTRAINT only_what_is_not_up_restarts CHECK (restarting IS NULL OR (json_valid(restarting) AND up_at_ms IS NULL));
ALTER TABLE deployment ADD COLUMN down_at_ms INTEGER
    CONSTRAINT restarting_has_a_time CHECK (restarting IS NULL OR down_at_ms IS NOT NULL);

-- The outbox takes more events, and some that are of no deployment. The triggers that write it stay as they are.
CREATE TEMP TABLE outbox_before AS
SELECT seq, deployment_id, event, url, data, at_ms
FROM outbox;

DROP TABLE outbox;

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id INTEGER,
    event TEXT NOT NULL CHECK (event IN (
        'started', 'resolved', 'up', 'succeeded', 'failed', 'canceled', 'service_unhealthy', 'service_healthy',
        'service_restarting', 'service_down', 'volumes_missing', 'disk_low', 'backup_failed')),
    url TEXT,
    data TEXT NOT NULL CHECK (json_valid(data)),
    at_ms INTEGER NOT NULL,
    CONSTRAINT only_the_host_s_events_are_of_no_deployment CHECK (
        (deployment_id IS NULL) = (event IN ('disk_low', 'backup_failed'))
        AND (url IS NULL) = (deployment_id IS NULL))
) STRICT;

INSERT INTO outbox (seq, deployment_id, event, url, data, at_ms)
SELECT seq, deployment_id, event, url, data, at_ms
FROM outbox_before;

DROP TABLE outbox_before;

-- So do deliveries. Their ids go on above the highest that there ever was.
ALTER TABLE notification_delivery RENAME TO notification_delivery_before;

CREATE TABLE notification_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    notification TEXT NOT NULL REFERENCES notification (name) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    deployment_id INTEGER,
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

INSERT INTO notification_delivery (
    id, notification, lane, message_id, deployment_id, event, data, at_ms, state, attempts, failures, due_at_ms,
    tried_at_ms, answer, error)
SELECT
    id, notification, lane, message_id, deployment_id, event, data, at_ms, state, attempts, failures, due_at_ms,
    tried_at_ms, answer, error
FROM notification_delivery_before;

DELETE FROM sqlite_sequence
WHERE name = 'notification_delivery';

INSERT INTO sqlite_sequence (name, seq)
SELECT 'notification_delivery', seq
FROM sqlite_sequence
WHERE name = 'notification_delivery_before';

DROP TABLE notification_delivery_before;

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

-- Unhealthy once, and healthy once when that is over.
CREATE TRIGGER outbox_of_its_health AFTER UPDATE OF unhealthy ON deployment
WHEN (OLD.unhealthy IS NULL) <> (NEW.unhealthy IS NULL)
    AND EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, CASE WHEN NEW.unhealthy IS NULL THEN 'service_healthy' ELSE 'service_unhealthy' END, url,
        CASE WHEN NEW.unhealthy IS NULL THEN data ELSE json_set(data, '$.unhealthy', NEW.unhealthy) END,
        NEW.health_at_ms
    FROM telling
    WHERE id = NEW.id;
END;

-- Each restart of one that was up.
CREATE TRIGGER outbox_of_a_restart AFTER UPDATE OF restarting ON deployment
WHEN OLD.restarting IS NULL AND NEW.restarting IS NOT NULL AND NEW.first_up_at_ms IS NOT NULL
    AND EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, 'service_restarting', url, json_set(data, '$.restart', json(NEW.restarting)), NEW.down_at_ms
    FROM telling
    WHERE id = NEW.id;
END;

-- One that was up has ended, and nobody asked for it: what is canceled, replaced or past its time ends Canceled.
CREATE TRIGGER outbox_of_a_down AFTER UPDATE OF status ON deployment
WHEN NEW.status IN ('Succeeded', 'Failed') AND OLD.status <> NEW.status AND NEW.first_up_at_ms IS NOT NULL
    AND EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, 'service_down', url, data, NEW.ended_at_ms
    FROM telling
    WHERE id = NEW.id;
END;

-- A container of an earlier SPEED is found that runs without its volumes: somebody has to copy what is in it.
CREATE TRIGGER outbox_of_missing_volumes AFTER INSERT ON bare_container
WHEN EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, 'volumes_missing', url,
        json_set(data, '$.missing', json_object(
            'container', NEW.container, 'paths', json(NEW.paths), 'copy', NEW.copy)),
        NEW.found_at_ms
    FROM telling
    WHERE id = NEW.deployment_id;
END;

-- What is wrong with SPEED's host at the moment, and was told: it is told again only once it was over.
CREATE TABLE alert (
    event TEXT PRIMARY KEY CHECK (event IN ('disk_low')),
    data TEXT NOT NULL CHECK (json_valid(data)),
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER outbox_of_an_alert AFTER INSERT ON alert
WHEN EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (event, data, at_ms)
    VALUES (NEW.event, NEW.data, NEW.at_ms);
END;
