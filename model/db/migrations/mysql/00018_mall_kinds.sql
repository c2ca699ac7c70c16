-- +goose Up
-- The points mall gives more: goods that are sent, days of membership, codes from a pool; gifts that also cost money; limits per
-- day and week; gifts for higher tiers. A period of membership may be a gift, which has neither order nor payment.

ALTER TABLE gifts
  ADD COLUMN cash_fen  BIGINT      NOT NULL DEFAULT 0 CHECK (cash_fen >= 0),
  ADD COLUMN plan      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN days      BIGINT      NOT NULL DEFAULT 0 CHECK (days >= 0),
  ADD COLUMN low_stock BIGINT      NOT NULL DEFAULT 0 CHECK (low_stock >= 0),
  ADD COLUMN per_day   BIGINT      NOT NULL DEFAULT 0 CHECK (per_day >= 0),
  ADD COLUMN per_week  BIGINT      NOT NULL DEFAULT 0 CHECK (per_week >= 0),
  ADD COLUMN min_tier  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';

ALTER TABLE redemptions
  ADD COLUMN cash_fen     BIGINT        NOT NULL DEFAULT 0 CHECK (cash_fen >= 0),
  ADD COLUMN pay_order_id BIGINT        NULL,
  ADD COLUMN pay_until    DATETIME(6)   NULL,
  ADD COLUMN address      VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN carrier      VARCHAR(40)   NOT NULL DEFAULT '',
  ADD COLUMN tracking     VARCHAR(40)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN store        VARCHAR(40)   NOT NULL DEFAULT '',
  ADD COLUMN completed_at DATETIME(6)   NULL,
  ADD UNIQUE KEY redemptions_pay (pay_order_id),
  ADD KEY redemptions_state (state, closed_at);

CREATE TABLE gift_window_slots (
  gift_id       BIGINT      NOT NULL,
  member_id     BIGINT      NOT NULL,
  span          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ordinal       BIGINT      NOT NULL,
  redemption_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  CHECK (ordinal >= 1),
  PRIMARY KEY (gift_id, member_id, span, ordinal),
  KEY gift_window_slots_redemption (redemption_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE gift_codes (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  gift_id       BIGINT       NOT NULL,
  code_hash     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sealed        VARCHAR(1200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  redemption_id VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  revealed_at   DATETIME(6)  NULL,
  staff_id      BIGINT       NOT NULL,
  at            DATETIME(6)  NOT NULL,
  UNIQUE KEY gift_codes_once (gift_id, code_hash),
  UNIQUE KEY gift_codes_redemption (redemption_id),
  KEY gift_codes_free (gift_id, redemption_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE membership_periods
  MODIFY COLUMN order_id     BIGINT NULL,
  MODIFY COLUMN pay_order_id BIGINT NULL,
  ADD COLUMN gift_source VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD COLUMN gift_days   BIGINT NOT NULL DEFAULT 0 CHECK (gift_days >= 0),
  ADD UNIQUE KEY membership_periods_gift (gift_source);
