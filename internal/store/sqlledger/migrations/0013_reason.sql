-- Why a conversion is rejected, where nobody asked for that: superseded, when a
-- server has named another click for an order that only a browser had reported.
ALTER TABLE conversion ADD COLUMN reason TEXT NOT NULL DEFAULT '';
