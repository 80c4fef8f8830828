-- A service keeps its names until it has ended, whether it is up at the moment or not.
CREATE INDEX deployment_kept ON deployment (id)
WHERE first_up_at_ms IS NOT NULL AND ended_at_ms IS NULL;

DROP INDEX deployment_up;
