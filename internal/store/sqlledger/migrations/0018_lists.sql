-- Lists of many thousands, the newest first, of whoever they are; and what
-- postbacks are called.
CREATE INDEX link_made ON link (created_at, code);
CREATE INDEX term_of_affiliate ON term (affiliate_id, id);
CREATE INDEX coupon_of_affiliate ON coupon (affiliate_id, id);
CREATE INDEX subscription_of_advertiser ON subscription (advertiser_id, id);
CREATE INDEX subscription_of_affiliate ON subscription (affiliate_id, id);
CREATE INDEX subscription_of_offer ON subscription (offer_id, id);

ALTER TABLE subscription ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription ADD COLUMN host TEXT NOT NULL DEFAULT '';
UPDATE subscription SET name = COALESCE(doc ->> 'name', ''), host = COALESCE(doc ->> 'url', ''); -- sqlite
UPDATE subscription SET host = CASE WHEN INSTR(host, '://') = 0 THEN '' ELSE REPLACE(SUBSTR(host, INSTR(host, '://') + 3), '?', '/') || '/' END; -- sqlite
UPDATE subscription SET host = SUBSTR(host, 1, INSTR(host, '/') - 1) WHERE host <> ''; -- sqlite
UPDATE subscription SET name = COALESCE(doc::json ->> 'name', ''), host = SPLIT_PART(REPLACE(SPLIT_PART(COALESCE(doc::json ->> 'url', ''), '://', 2), '?', '/'), '/', 1); -- postgres
