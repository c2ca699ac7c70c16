-- +goose Up
-- Money that goes back: what was asked for, under which numbers, what WeChat said about them, and who agreed. An order keeps the sums,
-- so that one conditional statement guards them.

ALTER TABLE pay_orders
  ADD COLUMN refunding_fen  BIGINT      NOT NULL DEFAULT 0,
  ADD COLUMN refunded_fen   BIGINT      NOT NULL DEFAULT 0,
  ADD COLUMN refund_numbers INT         NOT NULL DEFAULT 0 CHECK (refund_numbers >= 0 AND refund_numbers <= 50),
  ADD COLUMN refund_sent_at DATETIME(6) NULL,
  ADD CONSTRAINT pay_orders_refunds CHECK (refunding_fen >= 0 AND refunded_fen >= 0 AND refunding_fen + refunded_fen <= amount_fen);

ALTER TABLE pay_breaks
  ADD COLUMN settled_by BIGINT       NOT NULL DEFAULT 0,
  ADD COLUMN note       VARCHAR(500) NOT NULL DEFAULT '';

CREATE TABLE pay_refunds (
  id               BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pay_order_id     BIGINT       NOT NULL,
  amount_fen       BIGINT       NOT NULL,
  reason           VARCHAR(80)  NOT NULL,
  source           VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id         BIGINT       NOT NULL DEFAULT 0,
  state            VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ordinal          INT          NOT NULL,
  problem          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  payer_refund_fen BIGINT       NOT NULL DEFAULT 0,
  received_account VARCHAR(128) NOT NULL DEFAULT '',
  requested_at     DATETIME(6)  NOT NULL,
  refunded_at      DATETIME(6)  NULL,
  settled_at       DATETIME(6)  NULL,
  settled_via      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000),
  CHECK (ordinal >= 1),
  CHECK (payer_refund_fen >= 0),
  UNIQUE KEY pay_refunds_public (public_id),
  UNIQUE KEY pay_refunds_source (source),
  KEY pay_refunds_order (pay_order_id, id),
  KEY pay_refunds_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_refund_numbers (
  id            BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pay_refund_id BIGINT      NOT NULL,
  pay_order_id  BIGINT      NOT NULL,
  ordinal       INT         NOT NULL,
  out_refund_no VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refund_id     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  calls         INT         NOT NULL DEFAULT 0,
  error         VARCHAR(64) NOT NULL DEFAULT '',
  created_at    DATETIME(6) NOT NULL,
  sent_at       DATETIME(6) NULL,
  ended_at      DATETIME(6) NULL,
  CHECK (ordinal >= 1),
  CHECK (calls >= 0),
  UNIQUE KEY pay_refund_numbers_no (out_refund_no),
  UNIQUE KEY pay_refund_numbers_ordinal (pay_refund_id, ordinal),
  KEY pay_refund_numbers_order (pay_order_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_refund_notices (
  id             BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  digest         CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  via            VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_refund_no  VARCHAR(64)  NOT NULL,
  refund_id      VARCHAR(64)  NOT NULL,
  out_trade_no   VARCHAR(64)  NOT NULL,
  transaction_id VARCHAR(64)  NOT NULL,
  mch_id         VARCHAR(64)  NOT NULL,
  status         VARCHAR(32)  NOT NULL,
  refund_fen     BIGINT       NOT NULL,
  total_fen      BIGINT       NOT NULL,
  verdict        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  received_at    DATETIME(6)  NOT NULL,
  UNIQUE KEY pay_refund_notices_digest (digest),
  KEY pay_refund_notices_no (out_refund_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_refund_asks (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pay_order_id  BIGINT       NOT NULL,
  amount_fen    BIGINT       NOT NULL,
  reason        VARCHAR(80)  NOT NULL,
  staff_id      BIGINT       NOT NULL,
  day           DATE         NOT NULL,
  needs_second  BOOLEAN      NOT NULL,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  pay_refund_id BIGINT       NULL,
  decided_by    BIGINT       NOT NULL DEFAULT 0,
  decided_at    DATETIME(6)  NULL,
  decision_note VARCHAR(200) NOT NULL DEFAULT '',
  created_at    DATETIME(6)  NOT NULL,
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000),
  UNIQUE KEY pay_refund_asks_refund (pay_refund_id),
  KEY pay_refund_asks_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_refund_days (
  staff_id   BIGINT      NOT NULL,
  day        DATE        NOT NULL,
  amount_fen BIGINT      NOT NULL DEFAULT 0,
  CHECK (amount_fen >= 0),
  PRIMARY KEY (staff_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
