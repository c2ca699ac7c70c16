-- +goose Up
-- Bills of WeChat Pay, day by day, and where they and we do not agree.

CREATE TABLE pay_bills (
  day            DATE         NOT NULL,
  state          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mch_id         VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hash           VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  from_at        DATETIME(6)  NOT NULL,
  to_at          DATETIME(6)  NOT NULL,
  payments       INT          NOT NULL DEFAULT 0,
  paid_fen       BIGINT       NOT NULL DEFAULT 0,
  refunds        INT          NOT NULL DEFAULT 0,
  refund_fen     BIGINT       NOT NULL DEFAULT 0,
  matched        INT          NOT NULL DEFAULT 0,
  ours_only      INT          NOT NULL DEFAULT 0,
  theirs_only    INT          NOT NULL DEFAULT 0,
  amount_differs INT          NOT NULL DEFAULT 0,
  state_differs  INT          NOT NULL DEFAULT 0,
  repaired       INT          NOT NULL DEFAULT 0,
  runs           INT          NOT NULL DEFAULT 0,
  problem        VARCHAR(200) NOT NULL DEFAULT '',
  first_run_at   DATETIME(6)  NOT NULL,
  last_run_at    DATETIME(6)  NOT NULL,
  CHECK (paid_fen >= 0 AND refund_fen >= 0),
  CHECK (matched >= 0 AND ours_only >= 0 AND theirs_only >= 0 AND amount_differs >= 0 AND state_differs >= 0 AND repaired >= 0),
  PRIMARY KEY (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_bill_lines (
  id             BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day            DATE        NOT NULL,
  kind           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_trade_no   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refund_id      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  app_id         VARCHAR(64) NOT NULL,
  mch_id         VARCHAR(64) NOT NULL,
  currency       VARCHAR(16) NOT NULL,
  amount_fen     BIGINT      NOT NULL,
  status         VARCHAR(16) NOT NULL DEFAULT '',
  at             DATETIME(6) NOT NULL,
  CHECK (amount_fen >= 1),
  UNIQUE KEY pay_bill_lines_number (day, kind, number),
  KEY pay_bill_lines_kind (kind, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE pay_bill_breaks (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day          DATE         NOT NULL,
  kind         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bucket       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  out_trade_no VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ours_fen     BIGINT       NOT NULL DEFAULT 0,
  theirs_fen   BIGINT       NOT NULL DEFAULT 0,
  ours_state   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  theirs_state VARCHAR(32)  NOT NULL DEFAULT '',
  repair       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  tries        INT          NOT NULL DEFAULT 0,
  state        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  opened_at    DATETIME(6)  NOT NULL,
  ended_at     DATETIME(6)  NULL,
  staff_id     BIGINT       NOT NULL DEFAULT 0,
  note         VARCHAR(500) NOT NULL DEFAULT '',
  UNIQUE KEY pay_bill_breaks_once (day, kind, number),
  KEY pay_bill_breaks_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE INDEX pay_orders_paid ON pay_orders (paid_at);
