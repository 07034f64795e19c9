-- Who a person is at the identity provider, since the first log-in by it: an address
-- may be given to somebody else there, a subject never.
ALTER TABLE users ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN provider_subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX users_provider ON users (provider, provider_subject) WHERE provider <> '';
