-- +goose Up
-- Staff look into the vault by person and by topic, and replay many callbacks at once.

ALTER TABLE callbacks ADD COLUMN open_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
CREATE INDEX callbacks_open_id ON callbacks (open_id);
CREATE INDEX callbacks_topic ON callbacks (topic);

CREATE TABLE callback_replays (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verdict       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  which         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  received_from DATETIME(6)  NOT NULL,
  received_to   DATETIME(6)  NOT NULL,
  note          VARCHAR(200) NOT NULL,
  found         BIGINT       NOT NULL,
  last_id       BIGINT       NOT NULL,
  done_id       BIGINT       NOT NULL DEFAULT 0,
  replayed      BIGINT       NOT NULL DEFAULT 0,
  asked_by      BIGINT       NOT NULL,
  asked_at      DATETIME(6)  NOT NULL,
  finished_at   DATETIME(6)  NULL,
  CHECK (replayed >= 0 AND replayed <= found),
  CHECK ((state = 'done') = (finished_at IS NOT NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
