-- The coupons of offers, each code once, whoever's it is. code_key is the code
-- without regard to case.
INSERT INTO sequence (name, last) VALUES ('coupon', 0);

CREATE TABLE coupon (
    id           BIGINT PRIMARY KEY,
    offer_id     BIGINT NOT NULL REFERENCES offer (id),
    affiliate_id BIGINT NOT NULL REFERENCES affiliate (id),
    code_key     TEXT   NOT NULL,
    status       TEXT   NOT NULL,
    doc          TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (offer_id, code_key)
);

-- What the identifiers of a signal led to, where it was more than its own
-- transaction ID. transaction_id is that ID, if it was not the one credited.
CREATE TABLE considered (
    signal_id      TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    candidates     TEXT NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX considered_of_transaction ON considered (transaction_id) WHERE transaction_id <> '';
