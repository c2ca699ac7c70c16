-- +goose Up
-- Members, by what we know them, their sessions and the figures of their orders.

CREATE TABLE members (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id      TEXT NOT NULL,
  number         TEXT NOT NULL,
  union_id       TEXT,
  phone_index    TEXT,
  phone_cipher   TEXT,
  joined_at      DATETIME NOT NULL,
  orders         INTEGER NOT NULL DEFAULT 0,
  total_fen      INTEGER NOT NULL DEFAULT 0,
  first_order_at DATETIME,
  last_order_at  DATETIME,
  CHECK (orders >= 0),
  CHECK (total_fen >= 0)
);
CREATE UNIQUE INDEX members_public_id ON members (public_id);
CREATE UNIQUE INDEX members_number ON members (number);
CREATE UNIQUE INDEX members_union_id ON members (union_id);
CREATE UNIQUE INDEX members_phone_index ON members (phone_index);

CREATE TABLE member_openids (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id     INTEGER NOT NULL,
  app_id        TEXT NOT NULL,
  open_id       TEXT NOT NULL,
  following     BOOLEAN NOT NULL DEFAULT FALSE,
  followed_at   DATETIME,
  unfollowed_at DATETIME,
  scene         TEXT NOT NULL DEFAULT '',
  created_at    DATETIME NOT NULL
);
CREATE UNIQUE INDEX member_openids_open_id ON member_openids (app_id, open_id);
CREATE INDEX member_openids_member ON member_openids (member_id, app_id);

CREATE TABLE member_externals (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id  INTEGER NOT NULL,
  source     TEXT NOT NULL,
  external   TEXT NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX member_externals_external ON member_externals (source, external);
CREATE INDEX member_externals_member ON member_externals (member_id);

CREATE TABLE member_sessions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash TEXT NOT NULL,
  member_id  INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  seen_at    DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  revoked_at DATETIME
);
CREATE UNIQUE INDEX member_sessions_token ON member_sessions (token_hash);
CREATE INDEX member_sessions_member ON member_sessions (member_id);
CREATE INDEX member_sessions_expires ON member_sessions (expires_at);
