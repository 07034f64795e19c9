-- What affiliates are paid. While one is booking, its sums are those of what it
-- has paid so far, which the conversions tell; through_id is the last conversion
-- that was looked at, and leased_until how long whoever works on it has it alone.
CREATE TABLE payout (
    id           BIGINT PRIMARY KEY,
    affiliate_id BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    until_at     BIGINT NOT NULL,
    status       TEXT   NOT NULL,
    amount       BIGINT NOT NULL,
    conversions  BIGINT NOT NULL,
    adjustments  BIGINT NOT NULL,
    reference    TEXT   NOT NULL,
    note         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    booked_at    BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    through_id   TEXT   NOT NULL,
    leased_until BIGINT NOT NULL
);
CREATE UNIQUE INDEX payout_booking ON payout (affiliate_id, currency) WHERE status = 'booking';
CREATE INDEX payout_of_affiliate ON payout (affiliate_id, id);

-- Corrections of partners' balances. Nothing of a row changes but the payout that
-- has settled it, once.
CREATE TABLE adjustment (
    id            BIGINT PRIMARY KEY,
    party         TEXT   NOT NULL,
    party_id      BIGINT NOT NULL,
    kind          TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    amount        BIGINT NOT NULL,
    conversion_id TEXT   NOT NULL,
    note          TEXT   NOT NULL,
    payout_id     BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX adjustment_of_party ON adjustment (party, party_id, id);
CREATE INDEX adjustment_of_conversion ON adjustment (conversion_id) WHERE conversion_id <> '';
CREATE INDEX adjustment_of_payout ON adjustment (payout_id) WHERE payout_id <> 0;
CREATE INDEX adjustment_open ON adjustment (party_id, currency) WHERE party = 'affiliate' AND payout_id = 0;

-- What has paid a conversion, and which are to be paid. The transactions of
-- entries without a conversion are named payout:N and adjustment:N.
ALTER TABLE conversion ADD COLUMN payout_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX conversion_of_payout ON conversion (payout_id, id) WHERE payout_id <> 0;
CREATE INDEX conversion_to_pay ON conversion (affiliate_id, payout_currency, id, occurred_at, updated_at, payout)
    WHERE status = 'approved' AND NOT test;

INSERT INTO sequence (name, last) VALUES ('payout', 0), ('adjustment', 0);
