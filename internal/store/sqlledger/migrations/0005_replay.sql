-- The verdicts that others have taken the place of, numbered from 1 for each
-- signal. Only a rejection is ever replaced, and what put a signal aside that
-- could not be settled.
CREATE TABLE earlier_verdict (
    signal_id      TEXT    NOT NULL,
    number         BIGINT  NOT NULL,
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
    settled_at     BIGINT  NOT NULL,
    replaced_at    BIGINT  NOT NULL,
    actor          TEXT    NOT NULL,
    trusted        BOOLEAN NOT NULL,
    PRIMARY KEY (signal_id, number)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Rejected signals are few, and looked through by whoever mends what rejected
-- them.
CREATE INDEX verdict_rejected ON verdict (signal_id) WHERE status = 'rejected';
