-- +goose Up
-- Orders at WeChat Pay, the calls that prepared them, what WeChat said about them and what does not agree.

CREATE TABLE pay_orders (
  id              BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  out_trade_no    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id       BIGINT       NOT NULL,
  purpose         VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref             VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_fen      BIGINT       NOT NULL,
  description     VARCHAR(127) NOT NULL,
  app_id          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mch_id          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payer_open_id   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  state           VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  prepay_id       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  prepay_at       DATETIME(6)  NULL,
  paying_at       DATETIME(6)  NULL,
  transaction_id  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  payer_total_fen BIGINT       NOT NULL DEFAULT 0,
  paid_at         DATETIME(6)  NULL,
  paid_via        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  expires_at      DATETIME(6)  NOT NULL,
  closed_at       DATETIME(6)  NULL,
  created_at      DATETIME(6)  NOT NULL,
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000),
  CHECK (payer_total_fen >= 0),
  UNIQUE KEY pay_orders_out_trade_no (out_trade_no),
  UNIQUE KEY pay_orders_transaction (transaction_id),
  UNIQUE KEY pay_orders_purpose (purpose, ref),
  KEY pay_orders_member (member_id, id),
  KEY pay_orders_state (state, expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_attempts (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pay_order_id BIGINT       NOT NULL,
  ordinal      INT          NOT NULL,
  state        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  prepay_id    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  error        VARCHAR(500) NOT NULL DEFAULT '',
  started_at   DATETIME(6)  NOT NULL,
  finished_at  DATETIME(6)  NULL,
  CHECK (ordinal >= 1),
  UNIQUE KEY pay_attempts_ordinal (pay_order_id, ordinal)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_notices (
  id             BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  digest         CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  via            VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_trade_no   VARCHAR(64)  NOT NULL,
  transaction_id VARCHAR(64)  NOT NULL,
  trade_state    VARCHAR(32)  NOT NULL,
  mch_id         VARCHAR(64)  NOT NULL,
  app_id         VARCHAR(64)  NOT NULL,
  payer_open_id  VARCHAR(128) NOT NULL,
  amount_fen     BIGINT       NOT NULL,
  currency       VARCHAR(16)  NOT NULL,
  verdict        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  received_at    DATETIME(6)  NOT NULL,
  UNIQUE KEY pay_notices_digest (digest),
  KEY pay_notices_order (out_trade_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_breaks (
  id             BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind           VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_trade_no   VARCHAR(64)  NOT NULL,
  transaction_id VARCHAR(64)  NOT NULL,
  detail         TEXT         NOT NULL,
  state          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  opened_at      DATETIME(6)  NOT NULL,
  settled_at     DATETIME(6)  NULL,
  UNIQUE KEY pay_breaks_once (kind, out_trade_no, transaction_id),
  KEY pay_breaks_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
