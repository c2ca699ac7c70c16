-- +goose Up
-- Members, by what we know them, their sessions and the figures of their orders.

CREATE TABLE members (
  id             BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number         VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  union_id       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  phone_index    CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NULL,
  phone_cipher   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  joined_at      DATETIME(6) NOT NULL,
  orders         BIGINT      NOT NULL DEFAULT 0,
  total_fen      BIGINT      NOT NULL DEFAULT 0,
  first_order_at DATETIME(6) NULL,
  last_order_at  DATETIME(6) NULL,
  CHECK (orders >= 0),
  CHECK (total_fen >= 0),
  UNIQUE KEY members_public_id (public_id),
  UNIQUE KEY members_number (number),
  UNIQUE KEY members_union_id (union_id),
  UNIQUE KEY members_phone_index (phone_index)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE member_openids (
  id            BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id     BIGINT      NOT NULL,
  app_id        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  following     BOOLEAN     NOT NULL DEFAULT FALSE,
  followed_at   DATETIME(6) NULL,
  unfollowed_at DATETIME(6) NULL,
  scene         VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  created_at    DATETIME(6) NOT NULL,
  UNIQUE KEY member_openids_open_id (app_id, open_id),
  KEY member_openids_member (member_id, app_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE member_externals (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id  BIGINT       NOT NULL,
  source     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  external   VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  UNIQUE KEY member_externals_external (source, external),
  KEY member_externals_member (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE member_sessions (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token_hash CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id  BIGINT      NOT NULL,
  created_at DATETIME(6) NOT NULL,
  seen_at    DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  revoked_at DATETIME(6) NULL,
  UNIQUE KEY member_sessions_token (token_hash),
  KEY member_sessions_member (member_id),
  KEY member_sessions_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
