-- When whoever is behind a session last showed who that is; sessions from before
-- are asked. Links hold nothing but whom they are for.
ALTER TABLE user_session ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;
DELETE FROM user_link WHERE kind = 'ceremony';
ALTER TABLE user_link DROP COLUMN doc;
