-- An affiliate's own links, by code.
CREATE INDEX link_of_affiliate ON link (affiliate_id, code);
