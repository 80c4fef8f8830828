-- Lists, newest first. Each index has all that its list is filtered by, so that a row is read only to be shown.
-- All of them, of one branch, or of repositories by patterns.
CREATE INDEX deployment_listed ON deployment (id, options ->> 'url', branch);

-- Those of one status.
CREATE INDEX deployment_of_status ON deployment (status, id, options ->> 'url', branch);

-- Those of one repository; with a branch, deployment_of_branch has them.
CREATE INDEX deployment_of_repository ON deployment (options ->> 'url', id, status);
