-- What the latest changes of the catalog were of, by its version, so that nodes read
-- that alone. A version that is missing here is one that says not what it changed.
CREATE TABLE catalog_change (
    version    BIGINT PRIMARY KEY,
    entity     TEXT   NOT NULL,
    entity_key TEXT   NOT NULL
);
