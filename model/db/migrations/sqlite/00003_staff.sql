-- +goose Up
-- People who work in the shop, their sessions and the brake on guessed passwords.

CREATE TABLE staff (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL,
  created_at    DATETIME NOT NULL,
  disabled_at   DATETIME
);
CREATE UNIQUE INDEX staff_name ON staff (name);

CREATE TABLE staff_sessions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash TEXT NOT NULL,
  staff_id   INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  seen_at    DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  revoked_at DATETIME
);
CREATE UNIQUE INDEX staff_sessions_token ON staff_sessions (token_hash);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);
CREATE INDEX staff_sessions_expires ON staff_sessions (expires_at);

CREATE TABLE staff_attempts (
  key_hash TEXT NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at  DATETIME NOT NULL,
  next_at  DATETIME NOT NULL,
  CHECK (failures >= 0)
);
CREATE INDEX staff_attempts_last ON staff_attempts (last_at);
