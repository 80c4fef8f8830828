-- Which repositories' deployments a login at a registry is for, as patterns; none: all of them, as before.
ALTER TABLE secret ADD COLUMN deployers TEXT NOT NULL DEFAULT '[]' CHECK (json_type(deployers) = 'array');
