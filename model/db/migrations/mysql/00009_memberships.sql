-- +goose Up
-- The paid membership card: plans, orders of plans, periods of membership, what was given and what was saved.

CREATE TABLE membership_plans (
  id                   BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id            VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name                 VARCHAR(60) NOT NULL,
  price_fen            BIGINT      NOT NULL,
  list_price_fen       BIGINT      NOT NULL,
  unit                 VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  length               INT         NOT NULL,
  points_multiplier_bp BIGINT      NOT NULL,
  percent_off_bp       BIGINT      NOT NULL,
  on_sale              BOOLEAN     NOT NULL,
  sale_from            DATETIME(6) NULL,
  sale_until           DATETIME(6) NULL,
  created_by           BIGINT      NOT NULL,
  created_at           DATETIME(6) NOT NULL,
  CHECK (price_fen >= 1),
  CHECK (list_price_fen >= price_fen),
  CHECK (length >= 0),
  CHECK (points_multiplier_bp >= 10000),
  CHECK (percent_off_bp >= 0 AND percent_off_bp < 10000),
  UNIQUE KEY membership_plans_public (public_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_plan_coupons (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  plan_id      BIGINT      NOT NULL,
  ordinal      INT         NOT NULL,
  template_id  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  quantity     INT         NOT NULL,
  CHECK (quantity >= 1),
  UNIQUE KEY membership_plan_coupons_ordinal (plan_id, ordinal)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_orders (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id    BIGINT      NOT NULL,
  plan_id      BIGINT      NOT NULL,
  price_fen    BIGINT      NOT NULL,
  pay_order_id BIGINT      NOT NULL,
  state        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at   DATETIME(6) NOT NULL,
  activated_at DATETIME(6) NULL,
  CHECK (price_fen >= 1),
  UNIQUE KEY membership_orders_number (number),
  UNIQUE KEY membership_orders_pay (pay_order_id),
  KEY membership_orders_member (member_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_periods (
  id                   BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id            BIGINT      NOT NULL,
  seq                  INT         NOT NULL,
  plan_id              BIGINT      NOT NULL,
  order_id             BIGINT      NOT NULL,
  pay_order_id         BIGINT      NOT NULL,
  price_fen            BIGINT      NOT NULL,
  from_day             DATE        NOT NULL,
  to_day               DATE        NOT NULL,
  unit                 VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  anchor               INT         NOT NULL,
  points_multiplier_bp BIGINT      NOT NULL,
  percent_off_bp       BIGINT      NOT NULL,
  state                VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at           DATETIME(6) NOT NULL,
  CHECK (seq >= 1),
  CHECK (from_day < to_day),
  CHECK (anchor >= 1 AND anchor <= 31),
  UNIQUE KEY membership_periods_order (order_id),
  UNIQUE KEY membership_periods_pay (pay_order_id),
  UNIQUE KEY membership_periods_seq (member_id, seq),
  KEY membership_periods_end (member_id, to_day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_grants (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  period_id  BIGINT       NOT NULL,
  benefit    INT          NOT NULL,
  cycle      INT          NOT NULL,
  quantity   INT          NOT NULL,
  granted    INT          NOT NULL,
  reason     VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  granted_at DATETIME(6)  NOT NULL,
  CHECK (cycle >= 0),
  CHECK (granted >= 0 AND granted <= quantity),
  UNIQUE KEY membership_grants_once (period_id, benefit, cycle)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_savings (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  period_id   BIGINT       NOT NULL,
  source      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_fen  BIGINT       NOT NULL,
  happened_at DATETIME(6)  NOT NULL,
  CHECK (amount_fen >= 1),
  UNIQUE KEY membership_savings_source (source),
  KEY membership_savings_period (period_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
