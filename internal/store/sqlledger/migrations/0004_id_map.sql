-- What the numbers of a system that was left mean here. Those of TUNE: the only
-- one whose links and postbacks carry nothing but numbers. A row is part of the
-- catalog, whose version rises with every change of it.
CREATE TABLE id_map (
    kind       TEXT   NOT NULL,
    tune_id    TEXT   NOT NULL,
    waybill_id BIGINT NOT NULL,
    url        TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, tune_id)
);
