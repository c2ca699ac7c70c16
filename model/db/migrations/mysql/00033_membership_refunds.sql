-- +goose Up
-- Refunds of the membership card: what was quoted, frozen; and what each did to periods, before and after.

CREATE TABLE membership_refunds (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id     BIGINT       NOT NULL,
  ordinal      INT          NOT NULL,
  period_id    BIGINT       NOT NULL,
  member_id    BIGINT       NOT NULL,
  pay_order_id BIGINT       NOT NULL,
  policy       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  price_fen    BIGINT       NOT NULL,
  total_days   BIGINT       NOT NULL,
  unused_days  BIGINT       NOT NULL,
  taken_fen    BIGINT       NOT NULL,
  amount_fen   BIGINT       NOT NULL,
  as_of        DATE         NOT NULL,
  origin       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id     BIGINT       NOT NULL DEFAULT 0,
  reason       VARCHAR(400) NOT NULL DEFAULT '',
  state        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at   DATETIME(6)  NOT NULL,
  settled_at   DATETIME(6)  NULL,
  CHECK (amount_fen >= 1 AND amount_fen <= price_fen),
  CHECK (taken_fen >= 0),
  CHECK (ordinal >= 1),
  CHECK (unused_days >= 0 AND unused_days <= total_days),
  UNIQUE KEY membership_refunds_public (public_id),
  UNIQUE KEY membership_refunds_order (order_id, ordinal),
  KEY membership_refunds_member (member_id, id),
  KEY membership_refunds_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE membership_moves (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  refund_id   BIGINT      NOT NULL,
  period_id   BIGINT      NOT NULL,
  kind        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  from_before DATE        NOT NULL,
  to_before   DATE        NOT NULL,
  from_after  DATE        NOT NULL,
  to_after    DATE        NOT NULL,
  at          DATETIME(6) NOT NULL,
  UNIQUE KEY membership_moves_once (refund_id, period_id),
  KEY membership_moves_period (period_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
