-- A service that was started again ten times without being up for long is tried every five minutes from then on. Of the
-- eleventh try it is told that it is down; of those that follow, nothing.
DROP TRIGGER outbox_of_a_restart;

CREATE TRIGGER outbox_of_a_restart AFTER UPDATE OF restarting ON deployment
WHEN OLD.restarting IS NULL AND NEW.restarting IS NOT NULL AND NEW.first_up_at_ms IS NOT NULL
    AND coalesce(NEW.restarting ->> 'try', 0) <= 11
    AND EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, CASE WHEN NEW.restarting ->> 'try' = 11 THEN 'service_down' ELSE 'service_restarting' END, url,
        json_set(data, '$.restart', json(NEW.restarting)), NEW.down_at_ms
    FROM telling
    WHERE id = NEW.id;
END;
