-- +goose Up
-- Staff look into the vault by person and by topic, and replay many callbacks at once.

ALTER TABLE callbacks ADD COLUMN open_id TEXT NOT NULL DEFAULT '';
CREATE INDEX callbacks_open_id ON callbacks (open_id);
CREATE INDEX callbacks_topic ON callbacks (topic);

CREATE TABLE callback_replays (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  state         TEXT NOT NULL,
  app_id        TEXT NOT NULL,
  topic         TEXT NOT NULL,
  verdict       TEXT NOT NULL,
  which         TEXT NOT NULL,
  received_from DATETIME NOT NULL,
  received_to   DATETIME NOT NULL,
  note          TEXT NOT NULL,
  found         INTEGER NOT NULL,
  last_id       INTEGER NOT NULL,
  done_id       INTEGER NOT NULL DEFAULT 0,
  replayed      INTEGER NOT NULL DEFAULT 0,
  asked_by      INTEGER NOT NULL,
  asked_at      DATETIME NOT NULL,
  finished_at   DATETIME,
  CHECK (replayed >= 0 AND replayed <= found),
  CHECK ((state = 'done') = (finished_at IS NOT NULL))
);
