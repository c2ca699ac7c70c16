-- +goose Up
-- After the sale: codes on parcels, who scanned them, visits.

CREATE TABLE parcel_codes (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id   INTEGER NOT NULL UNIQUE,
  member_id  INTEGER NOT NULL,
  token      TEXT NOT NULL UNIQUE,
  ticket     TEXT NOT NULL DEFAULT '',
  url        TEXT NOT NULL DEFAULT '',
  image_url  TEXT NOT NULL DEFAULT '',
  expires_at DATETIME,
  scans      INTEGER NOT NULL DEFAULT 0,
  follows    INTEGER NOT NULL DEFAULT 0,
  made_by    INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  CHECK (scans >= 0 AND follows >= 0 AND follows <= scans)
);
CREATE INDEX parcel_codes_member ON parcel_codes (member_id);

CREATE TABLE parcel_scans (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  parcel_code_id INTEGER NOT NULL,
  dedupe_key     TEXT NOT NULL UNIQUE,
  open_id        TEXT NOT NULL,
  member_id      INTEGER NOT NULL,
  followed       BOOLEAN NOT NULL,
  owner          BOOLEAN NOT NULL,
  at             DATETIME NOT NULL
);
CREATE INDEX parcel_scans_code ON parcel_scans (parcel_code_id, id);

CREATE TABLE visits (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id    INTEGER NOT NULL,
  member_id   INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  state       TEXT NOT NULL,
  reason      TEXT NOT NULL DEFAULT '',
  message_key TEXT NOT NULL,
  due_at      DATETIME NOT NULL,
  created_at  DATETIME NOT NULL,
  CHECK (ordinal >= 1 AND ordinal <= 3),
  UNIQUE (order_id, ordinal)
);
CREATE INDEX visits_member ON visits (member_id, id);
