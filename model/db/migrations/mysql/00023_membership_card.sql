-- +goose Up
-- The whole membership card: trials, stacks, refund policies and channels of plans; benefits beyond coupons; codes that activate a card;
-- what refunds of orders take back of what a card saved; what an order says that its buyer's card saved.

ALTER TABLE membership_plans
  ADD COLUMN trial                  BOOLEAN       NOT NULL DEFAULT FALSE,
  ADD COLUMN max_stack              INT           NOT NULL DEFAULT 0 CHECK (max_stack >= 0),
  ADD COLUMN grace_days             INT           NOT NULL DEFAULT 0 CHECK (grace_days >= 0),
  ADD COLUMN refund_policy          VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'none',
  ADD COLUMN refund_days            INT           NOT NULL DEFAULT 0 CHECK (refund_days >= 0),
  ADD COLUMN channel                VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'jsapi',
  ADD COLUMN check_in_multiplier_bp BIGINT        NOT NULL DEFAULT 10000 CHECK (check_in_multiplier_bp >= 10000),
  ADD COLUMN welcome_points         BIGINT        NOT NULL DEFAULT 0 CHECK (welcome_points >= 0),
  ADD COLUMN free_freight           INT           NOT NULL DEFAULT 0 CHECK (free_freight >= 0),
  ADD COLUMN birthday_points        BIGINT        NOT NULL DEFAULT 0 CHECK (birthday_points >= 0),
  ADD COLUMN birthday_template      VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN early_hours            INT           NOT NULL DEFAULT 0 CHECK (early_hours >= 0),
  ADD COLUMN services               VARCHAR(4000) NOT NULL DEFAULT '';

ALTER TABLE membership_periods
  ADD COLUMN code_id BIGINT NULL,
  ADD UNIQUE KEY membership_periods_code (code_id),
  ADD KEY membership_periods_ending (to_day, id);

CREATE TABLE membership_trials (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  person     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id  BIGINT       NOT NULL,
  period_id  BIGINT       NOT NULL,
  at         DATETIME(6)  NOT NULL,
  UNIQUE KEY membership_trials_person (person),
  KEY membership_trials_member (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_uses (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  period_id  BIGINT       NOT NULL,
  member_id  BIGINT       NOT NULL,
  benefit    VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cycle      INT          NOT NULL,
  ordinal    INT          NOT NULL,
  source     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points     BIGINT       NOT NULL DEFAULT 0,
  coupon     VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  reason     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  at         DATETIME(6)  NOT NULL,
  CHECK (cycle >= 0),
  CHECK (ordinal >= 1),
  CHECK (points >= 0),
  UNIQUE KEY membership_uses_source (source),
  UNIQUE KEY membership_uses_once (period_id, benefit, cycle, ordinal),
  KEY membership_uses_member (member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_coupons (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  coupon    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  period_id BIGINT      NOT NULL,
  UNIQUE KEY membership_coupons_coupon (coupon),
  KEY membership_coupons_period (period_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_saving_returns (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  saving_id  BIGINT       NOT NULL,
  source     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_fen BIGINT       NOT NULL,
  at         DATETIME(6)  NOT NULL,
  CHECK (amount_fen >= 1),
  UNIQUE KEY membership_saving_returns_once (saving_id, source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_code_batches (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  plan_id     BIGINT       NOT NULL,
  quantity    BIGINT       NOT NULL,
  note        VARCHAR(120) NOT NULL,
  note_hash   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  valid_until DATETIME(6)  NULL,
  created_by  BIGINT       NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  closed_at   DATETIME(6)  NULL,
  CHECK (quantity >= 1),
  UNIQUE KEY membership_code_batches_public (public_id),
  UNIQUE KEY membership_code_batches_note (note_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_codes (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  batch_id  BIGINT      NOT NULL,
  code_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id BIGINT      NULL,
  used_at   DATETIME(6) NULL,
  UNIQUE KEY membership_codes_hash (code_hash),
  KEY membership_codes_batch (batch_id, used_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_code_tries (
  member_id BIGINT      NOT NULL PRIMARY KEY,
  failures  BIGINT      NOT NULL,
  last_at   DATETIME(6) NOT NULL,
  next_at   DATETIME(6) NOT NULL,
  CHECK (failures >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE orders
  ADD COLUMN member_saving_fen BIGINT      NOT NULL DEFAULT 0 CHECK (member_saving_fen >= 0),
  ADD COLUMN free_freight_fen  BIGINT      NOT NULL DEFAULT 0 CHECK (free_freight_fen >= 0),
  ADD COLUMN card_saved_fen    BIGINT      NOT NULL DEFAULT 0 CHECK (card_saved_fen >= 0),
  ADD COLUMN card_reason       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
