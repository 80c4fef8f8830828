-- The deployment that one repeats. No reference: the record of the repeated one may go first.
ALTER TABLE deployment ADD COLUMN retry_of INTEGER CONSTRAINT repeats_an_earlier_one CHECK (retry_of < id);

CREATE TRIGGER deployment_repeats_the_same_one BEFORE UPDATE OF retry_of ON deployment
WHEN OLD.retry_of IS NOT NEW.retry_of
BEGIN
    SELECT RAISE(ABORT, 'what a deployment repeats does not change');
END;

-- The retry under way: one at a time.
CREATE UNIQUE INDEX deployment_retried ON deployment (retry_of) WHERE ended_at_ms IS NULL AND retry_of IS NOT NULL;
