-- +goose Up
-- QR codes of stores, staff and campaigns: who scanned them, whose follow came by them.

CREATE TABLE qr_codes (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id      TEXT NOT NULL,
  token          TEXT NOT NULL,
  kind           TEXT NOT NULL,
  name           TEXT NOT NULL,
  ref            TEXT NOT NULL,
  permanent      BOOLEAN NOT NULL,
  ttl_seconds    INTEGER NOT NULL,
  ticket         TEXT NOT NULL,
  url            TEXT NOT NULL,
  image_url      TEXT NOT NULL,
  expires_at     DATETIME NULL,
  asked          INTEGER NOT NULL,
  scans          INTEGER NOT NULL,
  scanners       INTEGER NOT NULL,
  follows        INTEGER NOT NULL,
  lost           INTEGER NOT NULL,
  returns        INTEGER NOT NULL,
  mini_scans     INTEGER NOT NULL,
  mini_scanners  INTEGER NOT NULL,
  created_by     INTEGER NOT NULL,
  created_at     DATETIME NOT NULL,
  updated_at     DATETIME NOT NULL,
  stopped_at     DATETIME NULL,
  CHECK (ttl_seconds >= 0 AND ttl_seconds <= 2592000 AND asked >= 0),
  CHECK (scanners >= 0 AND scanners <= scans AND mini_scanners >= 0 AND mini_scanners <= mini_scans),
  CHECK (lost >= 0 AND lost <= follows AND returns >= 0)
);
CREATE UNIQUE INDEX qr_codes_public_id ON qr_codes (public_id);
CREATE UNIQUE INDEX qr_codes_token ON qr_codes (token);
CREATE INDEX qr_codes_kind ON qr_codes (kind, id);
CREATE INDEX qr_codes_ref ON qr_codes (kind, ref, id);

CREATE TABLE qr_accounts (
  app_id         TEXT NOT NULL PRIMARY KEY,
  permanent      INTEGER NOT NULL,
  CHECK (permanent >= 0)
);

CREATE TABLE qr_scans (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  qr_code_id     INTEGER NOT NULL,
  app            TEXT NOT NULL,
  dedupe_key     TEXT NOT NULL,
  open_id        TEXT NOT NULL,
  day            TEXT NOT NULL,
  at             DATETIME NOT NULL
);
CREATE UNIQUE INDEX qr_scans_dedupe_key ON qr_scans (dedupe_key);
CREATE INDEX qr_scans_code ON qr_scans (qr_code_id, day);

CREATE TABLE qr_scanners (
  qr_code_id     INTEGER NOT NULL,
  app            TEXT NOT NULL,
  open_id        TEXT NOT NULL,
  day            TEXT NOT NULL,
  PRIMARY KEY (qr_code_id, app, open_id)
);

-- One row for a follow. first_of is identity_id when the person had never followed before.
CREATE TABLE qr_follows (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  qr_code_id     INTEGER NOT NULL,
  identity_id    INTEGER NOT NULL,
  first_of       INTEGER NULL,
  following      BOOLEAN NOT NULL,
  day            TEXT NOT NULL,
  at             DATETIME NOT NULL
);
CREATE UNIQUE INDEX qr_follows_first_of ON qr_follows (first_of);
CREATE UNIQUE INDEX qr_follows_identity ON qr_follows (identity_id, at);
CREATE INDEX qr_follows_code ON qr_follows (qr_code_id, day);

CREATE TABLE qr_days (
  qr_code_id     INTEGER NOT NULL,
  day            TEXT NOT NULL,
  scans          INTEGER NOT NULL,
  scanners       INTEGER NOT NULL,
  follows        INTEGER NOT NULL,
  lost           INTEGER NOT NULL,
  returns        INTEGER NOT NULL,
  mini_scans     INTEGER NOT NULL,
  mini_scanners  INTEGER NOT NULL,
  PRIMARY KEY (qr_code_id, day),
  CHECK (scanners >= 0 AND scanners <= scans AND mini_scanners >= 0 AND mini_scanners <= mini_scans),
  CHECK (lost >= 0 AND lost <= follows AND returns >= 0)
);
