-- What is reported with a test key is test traffic.
ALTER TABLE api_key ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE;
