-- +goose Up
-- After the sale: codes on parcels, who scanned them, visits.

CREATE TABLE parcel_codes (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id   BIGINT       NOT NULL,
  member_id  BIGINT       NOT NULL,
  token      VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ticket     VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  url        VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  image_url  VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  expires_at DATETIME(6)  NULL,
  scans      BIGINT       NOT NULL DEFAULT 0,
  follows    BIGINT       NOT NULL DEFAULT 0,
  made_by    BIGINT       NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  CHECK (scans >= 0 AND follows >= 0 AND follows <= scans),
  UNIQUE KEY parcel_codes_order (order_id),
  UNIQUE KEY parcel_codes_token (token),
  KEY parcel_codes_member (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE parcel_scans (
  id             BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parcel_code_id BIGINT      NOT NULL,
  dedupe_key     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id      BIGINT      NOT NULL,
  followed       BOOLEAN     NOT NULL,
  owner          BOOLEAN     NOT NULL,
  at             DATETIME(6) NOT NULL,
  UNIQUE KEY parcel_scans_dedupe_key (dedupe_key),
  KEY parcel_scans_code (parcel_code_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE visits (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id    BIGINT       NOT NULL,
  member_id   BIGINT       NOT NULL,
  ordinal     BIGINT       NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  message_key VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  due_at      DATETIME(6)  NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  CHECK (ordinal >= 1 AND ordinal <= 3),
  UNIQUE KEY visits_ordinal (order_id, ordinal),
  KEY visits_member (member_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
