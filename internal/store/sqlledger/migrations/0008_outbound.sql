-- What is known of a delivery beside its own state: its last attempt, what it
-- was before a replay, and whether its values hold a person's digest.
ALTER TABLE delivery ADD COLUMN last_class TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN last_status BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN replayed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN replay_job BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN before_state TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN before_due BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN before_done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN before_replayed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN personal BOOLEAN NOT NULL DEFAULT FALSE;

-- What stands still, and what was made when.
DROP INDEX delivery_stuck;
CREATE INDEX delivery_stuck ON delivery (state, created_at) WHERE state = 'dead' OR state = 'parked';
CREATE INDEX delivery_stuck_of ON delivery (subscription_id, state, created_at) WHERE state = 'dead' OR state = 'parked';
CREATE INDEX delivery_made ON delivery (created_at);
CREATE INDEX delivery_made_of ON delivery (subscription_id, created_at);
CREATE INDEX delivery_replayed ON delivery (replay_job, id) WHERE replay_job <> 0;
CREATE INDEX delivery_personal ON delivery (created_at) WHERE personal;

-- The rest of an attempt's request.
ALTER TABLE attempt ADD COLUMN request_header TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN request_body TEXT NOT NULL DEFAULT '';

-- Which of a subscription's postbacks go first when many are due.
ALTER TABLE subscription ADD COLUMN backlog TEXT NOT NULL DEFAULT 'oldest';

-- Where the postbacks of a subscription go: how its last attempts went, its
-- breaker, and the delivery that tries whether the receiver is back.
CREATE TABLE destination (
    subscription_id BIGINT PRIMARY KEY,
    last_success    BIGINT NOT NULL,
    last_failure    BIGINT NOT NULL,
    last_class      TEXT   NOT NULL,
    last_status     BIGINT NOT NULL,
    last_detail     TEXT   NOT NULL,
    breaker         TEXT   NOT NULL,
    failures        BIGINT NOT NULL,
    opened_at       BIGINT NOT NULL,
    probe_at        BIGINT NOT NULL,
    trips           BIGINT NOT NULL,
    class           TEXT   NOT NULL,
    detail          TEXT   NOT NULL,
    probe           TEXT   NOT NULL,
    probe_until     BIGINT NOT NULL
);

-- Replays and withdrawals of many deliveries. A job goes by the time at which deliveries were
-- made, and within it by ID: through_at and through_id say how far it has come.
INSERT INTO sequence (name, last) VALUES ('replay_job', 0);

CREATE TABLE replay_job (
    id            BIGINT PRIMARY KEY,
    affiliate_id  BIGINT NOT NULL,
    advertiser_id BIGINT NOT NULL,
    action        TEXT   NOT NULL,
    filter        TEXT   NOT NULL,
    actor         TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    total         BIGINT NOT NULL,
    done          BIGINT NOT NULL,
    skipped       BIGINT NOT NULL,
    undone        BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    finished_at   BIGINT NOT NULL,
    through_at    BIGINT NOT NULL,
    through_id    TEXT   NOT NULL
);
CREATE INDEX replay_job_open ON replay_job (id) WHERE state = 'running' OR state = 'undoing';
