-- +goose Up
-- The vault: every authentic callback of WeChat, as it was, with what became of it.

CREATE TABLE callbacks (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  app_id      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  topic       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dedupe_key  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  raw         MEDIUMBLOB   NOT NULL,
  verdict     VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reply       TEXT         NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason      VARCHAR(512) NOT NULL DEFAULT '',
  runs        BIGINT       NOT NULL DEFAULT 0,
  replays     BIGINT       NOT NULL DEFAULT 0,
  received_at DATETIME(6)  NOT NULL,
  finished_at DATETIME(6)  NULL,
  CHECK (runs >= 0 AND replays >= 0),
  UNIQUE KEY callbacks_dedupe_key (app_id, dedupe_key),
  KEY callbacks_state (state, received_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
