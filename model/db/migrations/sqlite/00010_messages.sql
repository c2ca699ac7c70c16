-- +goose Up
-- The outbox: one row per message, one per attempt to send it, one per delivery report of WeChat.

CREATE TABLE messages (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  message_key   TEXT NOT NULL UNIQUE,
  member_id     INTEGER NOT NULL,
  channel       TEXT NOT NULL,
  template      TEXT NOT NULL,
  data          TEXT NOT NULL,
  url           TEXT NOT NULL DEFAULT '',
  state         TEXT NOT NULL,
  reason        TEXT NOT NULL DEFAULT '',
  code          INTEGER NOT NULL DEFAULT 0,
  client_msg_id TEXT NOT NULL UNIQUE,
  msg_id        TEXT UNIQUE,
  attempts      INTEGER NOT NULL DEFAULT 0,
  attempt_at    DATETIME,
  unsure_since  DATETIME,
  not_before    DATETIME,
  accepted_at   DATETIME,
  finished_at   DATETIME,
  created_at    DATETIME NOT NULL,
  CHECK (attempts >= 0)
);
CREATE INDEX messages_member ON messages (member_id, id);
CREATE INDEX messages_state ON messages (state, id);

CREATE TABLE message_attempts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id  INTEGER NOT NULL,
  n           INTEGER NOT NULL,
  open_id     TEXT NOT NULL,
  started_at  DATETIME NOT NULL,
  finished_at DATETIME,
  outcome     TEXT NOT NULL DEFAULT '',
  code        INTEGER NOT NULL DEFAULT 0,
  error       TEXT NOT NULL DEFAULT '',
  CHECK (n >= 1),
  UNIQUE (message_id, n)
);

CREATE TABLE message_reports (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  msg_id      TEXT NOT NULL UNIQUE,
  status      TEXT NOT NULL,
  at          DATETIME NOT NULL,
  matched     BOOLEAN NOT NULL,
  received_at DATETIME NOT NULL
);
CREATE INDEX message_reports_matched ON message_reports (matched, id);
