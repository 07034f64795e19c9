-- Reports that users keep. A side is a role with the advertiser's or affiliate's
-- number, 0 on the network's.
CREATE TABLE saved_report (
    id            BIGINT  PRIMARY KEY,
    user_id       BIGINT  NOT NULL,
    role          TEXT    NOT NULL,
    advertiser_id BIGINT  NOT NULL,
    affiliate_id  BIGINT  NOT NULL,
    name          TEXT    NOT NULL,
    query         TEXT    NOT NULL,
    shared        BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL
);
CREATE INDEX saved_report_of_side ON saved_report (role, advertiser_id, affiliate_id, id);
CREATE INDEX saved_report_of_user ON saved_report (user_id);

-- Traces that are shown to whoever holds a token. hash is the token's SHA-256.
CREATE TABLE share (
    id             BIGINT PRIMARY KEY,
    hash           TEXT   NOT NULL UNIQUE,
    transaction_id TEXT   NOT NULL,
    role           TEXT   NOT NULL,
    party_id       BIGINT NOT NULL,
    note           TEXT   NOT NULL,
    made_by        TEXT   NOT NULL,
    user_id        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL
);
CREATE INDEX share_of_transaction ON share (transaction_id, id);
CREATE INDEX share_by_end ON share (expires_at);

INSERT INTO sequence (name, last) VALUES ('saved_report', 0), ('share', 0);
