-- Which repository and branch used an image, and which deployment of them last. It outlives the deployments' records.
CREATE TABLE image_use (
    url TEXT NOT NULL,
    branch TEXT NOT NULL,
    image_id TEXT NOT NULL,
    deployment_id INTEGER NOT NULL,
    PRIMARY KEY (url, branch, image_id)
) STRICT, WITHOUT ROWID;

-- The uses of one image.
CREATE INDEX image_use_image ON image_use (image_id);

INSERT INTO image_use (url, branch, image_id, deployment_id)
SELECT options ->> 'url', coalesce(branch, ''), image_id, max(id)
FROM deployment
WHERE image_id IS NOT NULL
GROUP BY 1, 2, 3;

CREATE TRIGGER image_is_used AFTER UPDATE OF image_id ON deployment
WHEN NEW.image_id IS NOT NULL
BEGIN
    INSERT INTO image_use (url, branch, image_id, deployment_id)
    VALUES (NEW.options ->> 'url', coalesce(NEW.branch, ''), NEW.image_id, NEW.id)
    ON CONFLICT (url, branch, image_id) DO UPDATE
    SET deployment_id = max(deployment_id, excluded.deployment_id);
END;

-- The records of one image.
CREATE INDEX image_id ON image (image_id);

-- The latest of a repository and branch.
CREATE INDEX deployment_of_branch ON deployment (options ->> 'url', branch, id);

-- Those past their days.
CREATE INDEX deployment_ended ON deployment (ended_at_ms) WHERE log_closed_at_ms IS NOT NULL;
