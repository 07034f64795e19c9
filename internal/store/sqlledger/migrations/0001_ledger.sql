-- The ledger. One text for both engines: a line that ends in "-- sqlite" or
-- "-- postgres" is for that engine alone. Times are microseconds since 1970, UTC,
-- 0 for none; money is micro-units; an empty text stands for "none" unless the
-- column refers to another table.
--
-- The tables that signals are settled in have no foreign keys: what they refer to
-- is never deleted, a check of each parent would cost every conversion, and
-- `waybill check` looks at all of them.

-- Numbers that are handed out in order and never twice: IDs of catalog tables,
-- node numbers, and the catalog's version, whose row is locked by every change of
-- the catalog, so that versions are in the order of the changes.
CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO sequence (name, last) VALUES
    ('catalog', 0), ('node', 0), ('advertiser', 0), ('affiliate', 0), ('offer', 0), ('goal', 0),
    ('term', 0), ('subscription', 0), ('api_key', 0);

CREATE TABLE advertiser (
    id         BIGINT PRIMARY KEY,
    name       TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    doc        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE affiliate (
    id         BIGINT PRIMARY KEY,
    name       TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    doc        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE offer (
    id            BIGINT PRIMARY KEY,
    advertiser_id BIGINT NOT NULL REFERENCES advertiser (id),
    name          TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    doc           TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX offer_of_advertiser ON offer (advertiser_id, id);

CREATE TABLE goal (
    id         BIGINT PRIMARY KEY,
    offer_id   BIGINT NOT NULL REFERENCES offer (id),
    code       TEXT   NOT NULL,
    doc        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (offer_id, code)
);

CREATE TABLE term (
    id           BIGINT PRIMARY KEY,
    offer_id     BIGINT NOT NULL REFERENCES offer (id),
    affiliate_id BIGINT REFERENCES affiliate (id),
    doc          TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX term_of_offer ON term (offer_id, id);

CREATE TABLE link (
    code         TEXT   PRIMARY KEY,
    offer_id     BIGINT NOT NULL REFERENCES offer (id),
    affiliate_id BIGINT NOT NULL REFERENCES affiliate (id),
    status       TEXT   NOT NULL,
    doc          TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX link_of_offer ON link (offer_id, code);

CREATE TABLE subscription (
    id            BIGINT PRIMARY KEY,
    advertiser_id BIGINT REFERENCES advertiser (id),
    affiliate_id  BIGINT REFERENCES affiliate (id),
    offer_id      BIGINT REFERENCES offer (id),
    status        TEXT   NOT NULL,
    doc           TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE api_key (
    id            BIGINT PRIMARY KEY,
    role          TEXT   NOT NULL,
    advertiser_id BIGINT REFERENCES advertiser (id),
    affiliate_id  BIGINT REFERENCES affiliate (id),
    name          TEXT   NOT NULL,
    prefix        TEXT   NOT NULL,
    hash          TEXT   NOT NULL UNIQUE,
    created_at    BIGINT NOT NULL,
    revoked_at    BIGINT NOT NULL
);

-- What was changed in the catalog, by whom. Numbered by the catalog's version.
CREATE TABLE audit (
    id         BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    entity     TEXT   NOT NULL,
    entity_key TEXT   NOT NULL,
    before_doc TEXT   NOT NULL,
    after_doc  TEXT   NOT NULL
);
CREATE INDEX audit_of_entity ON audit (entity, entity_key, id);

-- Settings of the whole installation, one value a row.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    doc  TEXT NOT NULL
);

-- The keys that seal transaction IDs.
CREATE TABLE ring_key (
    number BIGINT PRIMARY KEY,
    doc    TEXT NOT NULL
);

-- Who took which node number.
CREATE TABLE node (
    number   BIGINT PRIMARY KEY,
    holder   TEXT   NOT NULL,
    taken_at BIGINT NOT NULL
);

-- Up to which tick every signal of a node has a verdict.
CREATE TABLE settled_through (
    node BIGINT PRIMARY KEY,
    tick BIGINT NOT NULL
);

-- Answers given to requests that bore an Idempotency-Key. A status of 0 means
-- that the request is being worked on.
CREATE TABLE answer (
    scope     TEXT   NOT NULL,
    key       TEXT   NOT NULL,
    body_hash TEXT   NOT NULL,
    status    BIGINT NOT NULL,
    body      TEXT   NOT NULL,
    begun_at  BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX answer_by_age ON answer (begun_at);

-- What became of each signal.
CREATE TABLE verdict (
    signal_id      TEXT    PRIMARY KEY,
    status         TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    conversion_id  TEXT    NOT NULL,
    transaction_id TEXT    NOT NULL,
    test           BOOLEAN NOT NULL,
    message        TEXT    NOT NULL,
    rule           TEXT    NOT NULL,
    offer_id       BIGINT  NOT NULL,
    goal_id        BIGINT  NOT NULL,
    channel        TEXT    NOT NULL,
    settled_at     BIGINT  NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX verdict_of_transaction ON verdict (transaction_id) WHERE transaction_id <> '';

-- The row that a transaction's conversions of one goal are counted under. Whoever
-- settles a signal on it holds its lock.
CREATE TABLE claim (
    transaction_id TEXT    NOT NULL,
    goal_id        BIGINT  NOT NULL,
    offer_id       BIGINT  NOT NULL,
    test           BOOLEAN NOT NULL,
    signals        BIGINT  NOT NULL,
    PRIMARY KEY (transaction_id, goal_id, offer_id, test)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Whose an order ID is.
CREATE TABLE taken_order (
    offer_id      BIGINT  NOT NULL,
    goal_id       BIGINT  NOT NULL,
    test          BOOLEAN NOT NULL,
    order_id      TEXT    NOT NULL,
    conversion_id TEXT    NOT NULL,
    PRIMARY KEY (offer_id, goal_id, test, order_id)
) WITHOUT ROWID; -- sqlite
); -- postgres

CREATE TABLE conversion (
    id               TEXT    PRIMARY KEY,
    transaction_id   TEXT    NOT NULL,
    test             BOOLEAN NOT NULL,
    offer_id         BIGINT  NOT NULL,
    goal_id          BIGINT  NOT NULL,
    goal             TEXT    NOT NULL,
    advertiser_id    BIGINT  NOT NULL,
    affiliate_id     BIGINT  NOT NULL,
    order_id         TEXT    NOT NULL,
    channel          TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    amount           BIGINT  NOT NULL,
    amount_currency  TEXT    NOT NULL,
    payout           BIGINT  NOT NULL,
    payout_currency  TEXT    NOT NULL,
    revenue          BIGINT  NOT NULL,
    revenue_currency TEXT    NOT NULL,
    term             TEXT    NOT NULL,
    amount_known     BOOLEAN NOT NULL,
    amount_by_server BOOLEAN NOT NULL,
    seen_by_server   BOOLEAN NOT NULL,
    seen_by_client   BOOLEAN NOT NULL,
    customer_id      TEXT    NOT NULL,
    coupon           TEXT    NOT NULL,
    items            TEXT    NOT NULL,
    touch            TEXT    NOT NULL,
    adv              TEXT    NOT NULL,
    memory           TEXT    NOT NULL,
    extra            TEXT    NOT NULL,
    occurred_at      BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    version          BIGINT  NOT NULL
);
CREATE INDEX conversion_of_transaction ON conversion (transaction_id);
CREATE INDEX conversion_of_affiliate ON conversion (affiliate_id, id);
CREATE INDEX conversion_of_offer ON conversion (offer_id, id);

-- How much of a cap is used in one period: the sum of what the conversions keep
-- as their use of it.
CREATE TABLE counter (
    offer_id     BIGINT NOT NULL,
    affiliate_id BIGINT NOT NULL,
    goal         TEXT   NOT NULL,
    metric       TEXT   NOT NULL,
    period       TEXT   NOT NULL,
    used         BIGINT NOT NULL,
    raised_at    BIGINT NOT NULL,
    PRIMARY KEY (offer_id, affiliate_id, goal, metric, period)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Money. A row is never changed and never deleted.
CREATE TABLE entry (
    conversion_id TEXT    NOT NULL,
    signal_id     TEXT    NOT NULL,
    line          BIGINT  NOT NULL,
    party         TEXT    NOT NULL,
    party_id      BIGINT  NOT NULL,
    book          TEXT    NOT NULL,
    test          BOOLEAN NOT NULL,
    currency      TEXT    NOT NULL,
    amount        BIGINT  NOT NULL,
    reason        TEXT    NOT NULL,
    at            BIGINT  NOT NULL,
    PRIMARY KEY (conversion_id, signal_id, line)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX entry_of_account ON entry (party, party_id, test, book, currency, amount);

CREATE TRIGGER entry_is_not_updated BEFORE UPDATE ON entry BEGIN -- sqlite
    SELECT RAISE(ABORT, 'entries are append-only'); -- sqlite
END; -- sqlite
CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry BEGIN -- sqlite
    SELECT RAISE(ABORT, 'entries are append-only'); -- sqlite
END; -- sqlite
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS -- postgres
    'BEGIN RAISE EXCEPTION ''entries are append-only''; END'; -- postgres
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry -- postgres
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); -- postgres

-- The postbacks that are owed. One may be claimed from claim_at on: when it is
-- due, or when the lease of whoever claimed it is over.
CREATE TABLE delivery (
    id              TEXT    PRIMARY KEY,
    subscription_id BIGINT  NOT NULL,
    conversion_id   TEXT    NOT NULL,
    transaction_id  TEXT    NOT NULL,
    sequence        BIGINT  NOT NULL,
    event           TEXT    NOT NULL,
    test            BOOLEAN NOT NULL,
    frozen          TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    attempts        BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    due_at          BIGINT  NOT NULL,
    leased_until    BIGINT  NOT NULL,
    done_at         BIGINT  NOT NULL,
    claim_at        BIGINT  NOT NULL
);
CREATE INDEX delivery_waiting ON delivery (subscription_id, claim_at, id) WHERE state = 'waiting';
CREATE INDEX delivery_stuck ON delivery (state, id) WHERE state IN ('dead', 'parked');
CREATE UNIQUE INDEX delivery_in_order ON delivery (conversion_id, subscription_id, sequence);

-- The tries to deliver them, in order, for whoever follows. A number is never used
-- again, also when its row has grown old and is deleted.
CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- sqlite
    id          BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, -- postgres
    delivery_id TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    took        BIGINT NOT NULL,
    method      TEXT   NOT NULL,
    url         TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    body        TEXT   NOT NULL,
    error       TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    UNIQUE (delivery_id, number)
);
CREATE INDEX attempt_by_age ON attempt (at);

-- What happened to conversions, in order, for whoever follows. before_doc is the
-- conversion as it was; what it became is the next change's before_doc, or the
-- conversion itself. Numbers are drawn before commits, so a reader stays below
-- those that may still appear: see follow.go. For that, a transaction on
-- PostgreSQL has to have written something before it draws one.
CREATE TABLE change (
    id            INTEGER PRIMARY KEY, -- sqlite
    id            BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, -- postgres
    kind          TEXT    NOT NULL,
    conversion_id TEXT    NOT NULL,
    version       BIGINT  NOT NULL,
    before_doc    TEXT    NOT NULL,
    at            BIGINT  NOT NULL
);
CREATE UNIQUE INDEX change_of_conversion ON change (conversion_id, version) WHERE before_doc <> '';

-- Comparisons of partners' lists with ours. The rows are kept beside them, in
-- parts that are written before: one without its head is not there yet.
CREATE TABLE reconciliation (
    id            TEXT   PRIMARY KEY,
    advertiser_id BIGINT NOT NULL,
    affiliate_id  BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    name          TEXT   NOT NULL,
    parameters    TEXT   NOT NULL,
    summary       TEXT   NOT NULL
);
CREATE TABLE reconciliation_part (
    reconciliation_id TEXT   NOT NULL,
    class             TEXT   NOT NULL,
    number            BIGINT NOT NULL,
    body              BLOB   NOT NULL, -- sqlite
    body              BYTEA  NOT NULL, -- postgres
    PRIMARY KEY (reconciliation_id, class, number)
);
