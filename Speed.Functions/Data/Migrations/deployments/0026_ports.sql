-- Which of its ports the proxy asks: the first, in the order that was asked for, that answered by the time the service was up.
-- Chosen once for each deployment. Where nobody chose, as for those that came up before this, it is the first.
ALTER TABLE deployment ADD COLUMN proxy_port INTEGER
    CONSTRAINT the_proxy_asks_a_service CHECK (proxy_port IS NULL OR (proxy_port BETWEEN 1 AND 65535 AND kind = 'service'));

CREATE TRIGGER deployment_stays_at_its_port BEFORE UPDATE OF proxy_port ON deployment
WHEN OLD.proxy_port IS NOT NULL AND NEW.proxy_port IS NOT OLD.proxy_port
BEGIN
    SELECT RAISE(ABORT, 'the port of a deployment that the proxy asks does not change');
END;

-- The ports that the Dockerfile itself exposes, as it has them: an image knows no order, and not which it has of its base.
-- Null where nobody noted them.
ALTER TABLE built_from ADD COLUMN exposed TEXT CHECK (json_type(exposed) = 'array');
