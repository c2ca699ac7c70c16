-- +goose Up
-- Sheets of parcel cards to print.

CREATE TABLE parcel_sheets (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL UNIQUE,
  code        TEXT NOT NULL,
  layout      TEXT NOT NULL,
  shop        TEXT NOT NULL,
  title       TEXT NOT NULL,
  hint        TEXT NOT NULL,
  state       TEXT NOT NULL,
  total       INTEGER NOT NULL,
  ready       INTEGER NOT NULL DEFAULT 0,
  refused     INTEGER NOT NULL DEFAULT 0,
  reason      TEXT NOT NULL DEFAULT '',
  made_by     INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  updated_at  DATETIME NOT NULL,
  finished_at DATETIME,
  CHECK (total >= 1 AND ready >= 0 AND refused >= 0 AND ready + refused <= total)
);

CREATE TABLE parcel_sheet_cards (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  sheet_id       INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  source         TEXT NOT NULL,
  number         TEXT NOT NULL,
  parcel_code_id INTEGER,
  refusal        TEXT NOT NULL DEFAULT '',
  CHECK (parcel_code_id IS NULL OR refusal = ''),
  UNIQUE (sheet_id, position)
);
