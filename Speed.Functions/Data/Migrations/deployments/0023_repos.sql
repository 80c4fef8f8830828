-- Which repositories whoever deployed it might deploy, as patterns, as they stood then. What a repository redirects to has to be
-- among them, and a submodule that is not is fetched without secrets. Null: all, as those of before.
ALTER TABLE deployment ADD COLUMN repos TEXT CHECK (json_type(repos) = 'array');

DROP TRIGGER deployment_keeps_what_it_was_made_of;

CREATE TRIGGER deployment_keeps_what_it_was_made_of BEFORE UPDATE ON deployment
WHEN (OLD.id, OLD.worker_id, OLD.options, OLD.created_at_ms, OLD.deadline_at_ms, OLD.identity, OLD.name,
        OLD.address_of_before, OLD.repos)
    IS NOT (NEW.id, NEW.worker_id, NEW.options, NEW.created_at_ms, NEW.deadline_at_ms, NEW.identity, NEW.name,
        NEW.address_of_before, NEW.repos)
BEGIN
    SELECT RAISE(ABORT, 'what a deployment was made of does not change');
END;

-- The same of what a hook starts, beside the hook's own repository. Null: all, as those of before.
ALTER TABLE hook ADD COLUMN repos TEXT CHECK (json_type(repos) = 'array');
