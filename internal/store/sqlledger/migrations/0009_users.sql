-- People who log in. E-mail addresses are folded; whoever was removed keeps the
-- number and the name, for the audit, and nothing to log in with. password is a
-- hash; totp_secret is set by an authenticator that was confirmed, totp_draft by
-- one that was not yet; totp_step is the last step a code was taken of.
CREATE TABLE users (
    id            BIGINT PRIMARY KEY,
    email         TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    advertiser_id BIGINT REFERENCES advertiser (id),
    affiliate_id  BIGINT REFERENCES affiliate (id),
    status        TEXT   NOT NULL,
    locale        TEXT   NOT NULL,
    zone          TEXT   NOT NULL,
    password      TEXT   NOT NULL DEFAULT '',
    totp_secret   TEXT   NOT NULL DEFAULT '',
    totp_draft    TEXT   NOT NULL DEFAULT '',
    totp_step     BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL,
    joined_at     BIGINT NOT NULL DEFAULT 0,
    seen_at       BIGINT NOT NULL DEFAULT 0,
    removed_at    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX users_email ON users (email) WHERE removed_at = 0;

CREATE TABLE user_passkey (
    id         TEXT   PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    name       TEXT   NOT NULL,
    doc        TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX user_passkey_of ON user_passkey (user_id, created_at);

-- Codes for when the authenticator is lost; a used one is gone.
CREATE TABLE user_recovery (
    user_id BIGINT NOT NULL REFERENCES users (id),
    hash    TEXT   NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE user_session (
    id         BIGINT PRIMARY KEY,
    hash       TEXT   NOT NULL UNIQUE,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    user_agent TEXT   NOT NULL
);
CREATE INDEX user_session_of ON user_session (user_id, id);
CREATE INDEX user_session_seen ON user_session (seen_at);

-- Tokens that are good once; a used one is gone. user_id is 0 for what is for
-- nobody yet.
CREATE TABLE user_link (
    hash       TEXT   PRIMARY KEY,
    kind       TEXT   NOT NULL,
    user_id    BIGINT NOT NULL,
    doc        TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX user_link_of ON user_link (user_id, kind);
CREATE INDEX user_link_expires ON user_link (expires_at);

-- Attempts to log in that have not succeeded, by account and by address.
CREATE TABLE throttle (
    name     TEXT   PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
CREATE INDEX throttle_last ON throttle (last_at);

-- The audit tells more than changes of the catalog, so its numbers are its own
-- from here on.
ALTER TABLE audit ADD COLUMN action TEXT NOT NULL DEFAULT 'change';
ALTER TABLE audit ADD COLUMN address TEXT NOT NULL DEFAULT '';
UPDATE audit SET action = 'create' WHERE before_doc = '';
CREATE INDEX audit_by ON audit (actor, id);

INSERT INTO sequence (name, last) VALUES ('users', 0), ('user_session', 0);
INSERT INTO sequence (name, last) SELECT 'audit', COALESCE(MAX(id), 0) FROM audit;
