-- +goose Up
-- The outbox: one row per message, one per attempt to send it, one per delivery report of WeChat.

CREATE TABLE messages (
  id            BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
  message_key   VARCHAR(128)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id     BIGINT        NOT NULL,
  channel       VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template      VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data          TEXT          NOT NULL,
  url           VARCHAR(512)  NOT NULL DEFAULT '',
  state         VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason        VARCHAR(255)  NOT NULL DEFAULT '',
  code          BIGINT        NOT NULL DEFAULT 0,
  client_msg_id CHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  msg_id        VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NULL,
  attempts      BIGINT        NOT NULL DEFAULT 0,
  attempt_at    DATETIME(6)   NULL,
  unsure_since  DATETIME(6)   NULL,
  not_before    DATETIME(6)   NULL,
  accepted_at   DATETIME(6)   NULL,
  finished_at   DATETIME(6)   NULL,
  created_at    DATETIME(6)   NOT NULL,
  CHECK (attempts >= 0),
  UNIQUE KEY messages_message_key (message_key),
  UNIQUE KEY messages_client_msg_id (client_msg_id),
  UNIQUE KEY messages_msg_id (msg_id),
  KEY messages_member (member_id, id),
  KEY messages_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE message_attempts (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  message_id  BIGINT       NOT NULL,
  n           BIGINT       NOT NULL,
  open_id     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at  DATETIME(6)  NOT NULL,
  finished_at DATETIME(6)  NULL,
  outcome     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  code        BIGINT       NOT NULL DEFAULT 0,
  error       VARCHAR(512) NOT NULL DEFAULT '',
  CHECK (n >= 1),
  UNIQUE KEY message_attempts_n (message_id, n)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE message_reports (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  msg_id      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at          DATETIME(6) NOT NULL,
  matched     BOOLEAN     NOT NULL,
  received_at DATETIME(6) NOT NULL,
  UNIQUE KEY message_reports_msg_id (msg_id),
  KEY message_reports_matched (matched, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
