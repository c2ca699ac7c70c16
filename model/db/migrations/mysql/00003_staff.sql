-- +goose Up
-- People who work in the shop, their sessions and the brake on guessed passwords.

CREATE TABLE staff (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  display_name  VARCHAR(64)  NOT NULL,
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at    DATETIME(6)  NOT NULL,
  disabled_at   DATETIME(6)  NULL,
  UNIQUE KEY staff_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE staff_sessions (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token_hash CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id   BIGINT      NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at    DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  revoked_at DATETIME(6) NULL,
  UNIQUE KEY staff_sessions_token (token_hash),
  KEY staff_sessions_staff (staff_id),
  KEY staff_sessions_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE staff_attempts (
  key_hash CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  failures INT         NOT NULL,
  last_at  DATETIME(6) NOT NULL,
  next_at  DATETIME(6) NOT NULL,
  CHECK (failures >= 0),
  KEY staff_attempts_last (last_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
