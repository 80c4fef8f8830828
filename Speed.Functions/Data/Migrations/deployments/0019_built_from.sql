-- What the latest attempt of a deployment was built from: the Dockerfile as it was sent, every image and file in it by its
-- full name, and what they were.
CREATE TABLE built_from (
    deployment_id INTEGER PRIMARY KEY REFERENCES deployment (id) ON DELETE CASCADE,
    dockerfile TEXT NOT NULL,
    sources TEXT NOT NULL CHECK (json_type(sources) = 'array')
) STRICT;
