-- +goose Up
-- Sheets of parcel cards to print.

CREATE TABLE parcel_sheets (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  layout      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  shop        VARCHAR(64)  NOT NULL,
  title       VARCHAR(64)  NOT NULL,
  hint        VARCHAR(128) NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  total       BIGINT       NOT NULL,
  ready       BIGINT       NOT NULL DEFAULT 0,
  refused     BIGINT       NOT NULL DEFAULT 0,
  reason      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  made_by     BIGINT       NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  updated_at  DATETIME(6)  NOT NULL,
  finished_at DATETIME(6)  NULL,
  CHECK (total >= 1 AND ready >= 0 AND refused >= 0 AND ready + refused <= total),
  UNIQUE KEY parcel_sheets_public_id (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE parcel_sheet_cards (
  id             BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sheet_id       BIGINT      NOT NULL,
  position       BIGINT      NOT NULL,
  source         VARCHAR(64) NOT NULL,
  number         VARCHAR(64) NOT NULL,
  parcel_code_id BIGINT      NULL,
  refusal        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  CHECK (parcel_code_id IS NULL OR refusal = ''),
  UNIQUE KEY parcel_sheet_cards_position (sheet_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
