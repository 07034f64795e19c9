-- Host names of advertisers' own under which Waybill answers. A name is there
-- once, whoever's it is.
INSERT INTO sequence (name, last) VALUES ('domain', 0);

CREATE TABLE domain (
    id            BIGINT PRIMARY KEY,
    advertiser_id BIGINT NOT NULL REFERENCES advertiser (id),
    host          TEXT   NOT NULL UNIQUE,
    status        TEXT   NOT NULL,
    doc           TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX domain_of_advertiser ON domain (advertiser_id, id);
