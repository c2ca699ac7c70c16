-- +goose Up
-- QR codes of stores, staff and campaigns: who scanned them, whose follow came by them.

CREATE TABLE qr_codes (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id     VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  token         VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name          VARCHAR(64)  NOT NULL,
  ref           VARCHAR(64)  NOT NULL,
  permanent     BOOLEAN      NOT NULL,
  ttl_seconds   BIGINT       NOT NULL,
  ticket        VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url           VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  image_url     VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at    DATETIME(6)  NULL,
  asked         BIGINT       NOT NULL,
  scans         BIGINT       NOT NULL,
  scanners      BIGINT       NOT NULL,
  follows       BIGINT       NOT NULL,
  lost          BIGINT       NOT NULL,
  returns       BIGINT       NOT NULL,
  mini_scans    BIGINT       NOT NULL,
  mini_scanners BIGINT       NOT NULL,
  created_by    BIGINT       NOT NULL,
  created_at    DATETIME(6)  NOT NULL,
  updated_at    DATETIME(6)  NOT NULL,
  stopped_at    DATETIME(6)  NULL,
  CHECK (ttl_seconds >= 0 AND ttl_seconds <= 2592000 AND asked >= 0),
  CHECK (scanners >= 0 AND scanners <= scans AND mini_scanners >= 0 AND mini_scanners <= mini_scans),
  CHECK (lost >= 0 AND lost <= follows AND returns >= 0),
  UNIQUE KEY qr_codes_public_id (public_id),
  UNIQUE KEY qr_codes_token (token),
  KEY qr_codes_kind (kind, id),
  KEY qr_codes_ref (kind, ref, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_accounts (
  app_id    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  permanent BIGINT      NOT NULL,
  CHECK (permanent >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_scans (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  qr_code_id BIGINT      NOT NULL,
  app        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  dedupe_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day        CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at         DATETIME(6) NOT NULL,
  UNIQUE KEY qr_scans_dedupe_key (dedupe_key),
  KEY qr_scans_code (qr_code_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_scanners (
  qr_code_id BIGINT      NOT NULL,
  app        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day        CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (qr_code_id, app, open_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row for a follow. first_of is identity_id when the person had never followed before.
CREATE TABLE qr_follows (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  qr_code_id  BIGINT      NOT NULL,
  identity_id BIGINT      NOT NULL,
  first_of    BIGINT      NULL,
  following   BOOLEAN     NOT NULL,
  day         CHAR(10)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at          DATETIME(6) NOT NULL,
  UNIQUE KEY qr_follows_first_of (first_of),
  UNIQUE KEY qr_follows_identity (identity_id, at),
  KEY qr_follows_code (qr_code_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_days (
  qr_code_id    BIGINT   NOT NULL,
  day           CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scans         BIGINT   NOT NULL,
  scanners      BIGINT   NOT NULL,
  follows       BIGINT   NOT NULL,
  lost          BIGINT   NOT NULL,
  returns       BIGINT   NOT NULL,
  mini_scans    BIGINT   NOT NULL,
  mini_scanners BIGINT   NOT NULL,
  PRIMARY KEY (qr_code_id, day),
  CHECK (scanners >= 0 AND scanners <= scans AND mini_scanners >= 0 AND mini_scanners <= mini_scans),
  CHECK (lost >= 0 AND lost <= follows AND returns >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
