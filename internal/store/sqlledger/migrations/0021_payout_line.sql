-- What a payout that is booking was asked for: conversions, each as it stood, and
-- the adjustments up to one. Times do not tell that: a change is written a moment
-- after it was decided, by another node's clock. The lines are gone once it is booked.
CREATE TABLE payout_line (
    payout_id     BIGINT NOT NULL,
    conversion_id TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (payout_id, conversion_id)
);
ALTER TABLE payout ADD COLUMN adjusted_through BIGINT NOT NULL DEFAULT 0;

INSERT INTO payout_line (payout_id, conversion_id, version)
SELECT p.id, c.id, c.version FROM payout p JOIN conversion c ON c.affiliate_id = p.affiliate_id AND c.payout_currency = p.currency
WHERE p.status = 'booking' AND c.status = 'approved' AND NOT c.test AND c.occurred_at < p.until_at AND c.updated_at <= p.created_at;
UPDATE payout SET adjusted_through = COALESCE((SELECT MAX(a.id) FROM adjustment a WHERE a.created_at <= payout.created_at), 0);
