-- A service that is up is told of, once.
CREATE TRIGGER outbox_of_an_up AFTER UPDATE OF first_up_at_ms ON deployment
WHEN OLD.first_up_at_ms IS NULL AND NEW.first_up_at_ms IS NOT NULL
    AND (EXISTS (SELECT 1 FROM notification WHERE format <> 'commit_status')
        OR EXISTS (SELECT 1 FROM secret WHERE use = 'git'))
BEGIN
    INSERT INTO outbox (deployment_id, event, url, data, at_ms)
    SELECT id, 'up', url, data, NEW.first_up_at_ms
    FROM telling
    WHERE id = NEW.id;
END;
