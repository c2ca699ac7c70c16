-- +goose Up
-- The vault: every authentic callback of WeChat, as it was, with what became of it.

CREATE TABLE callbacks (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  app_id      TEXT NOT NULL,
  channel     TEXT NOT NULL,
  topic       TEXT NOT NULL,
  dedupe_key  TEXT NOT NULL,
  raw         BLOB NOT NULL,
  verdict     TEXT NOT NULL,
  reply       TEXT NOT NULL,
  state       TEXT NOT NULL,
  reason      TEXT NOT NULL DEFAULT '',
  runs        INTEGER NOT NULL DEFAULT 0,
  replays     INTEGER NOT NULL DEFAULT 0,
  received_at DATETIME NOT NULL,
  finished_at DATETIME,
  CHECK (runs >= 0 AND replays >= 0),
  UNIQUE (app_id, dedupe_key)
);
CREATE INDEX callbacks_state ON callbacks (state, received_at);
