-- How affiliates stand to offers that ask for approval: who asked, and what the
-- network decided.
CREATE TABLE offer_access (
    offer_id      BIGINT NOT NULL REFERENCES offer (id),
    affiliate_id  BIGINT NOT NULL REFERENCES affiliate (id),
    status        TEXT   NOT NULL,
    note          TEXT   NOT NULL,
    decision_note TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    decided_at    BIGINT NOT NULL,
    PRIMARY KEY (offer_id, affiliate_id)
);
CREATE INDEX offer_access_at ON offer_access (at, offer_id, affiliate_id);
CREATE INDEX offer_access_of ON offer_access (affiliate_id, at);

-- Rejected signals by what rejected them: few groups, of which each has those of
-- a time side by side.
CREATE INDEX verdict_causes ON verdict (code, offer_id, signal_id) WHERE status = 'rejected';
