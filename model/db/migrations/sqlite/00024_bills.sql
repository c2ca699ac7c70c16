-- +goose Up
-- Bills of WeChat Pay, day by day, and where they and we do not agree.

CREATE TABLE pay_bills (
  day            TEXT     NOT NULL PRIMARY KEY,
  state          TEXT     NOT NULL,
  mch_id         TEXT     NOT NULL,
  hash           TEXT     NOT NULL DEFAULT '',
  from_at        DATETIME NOT NULL,
  to_at          DATETIME NOT NULL,
  payments       INTEGER  NOT NULL DEFAULT 0,
  paid_fen       INTEGER  NOT NULL DEFAULT 0,
  refunds        INTEGER  NOT NULL DEFAULT 0,
  refund_fen     INTEGER  NOT NULL DEFAULT 0,
  matched        INTEGER  NOT NULL DEFAULT 0,
  ours_only      INTEGER  NOT NULL DEFAULT 0,
  theirs_only    INTEGER  NOT NULL DEFAULT 0,
  amount_differs INTEGER  NOT NULL DEFAULT 0,
  state_differs  INTEGER  NOT NULL DEFAULT 0,
  repaired       INTEGER  NOT NULL DEFAULT 0,
  runs           INTEGER  NOT NULL DEFAULT 0,
  problem        TEXT     NOT NULL DEFAULT '',
  first_run_at   DATETIME NOT NULL,
  last_run_at    DATETIME NOT NULL,
  CHECK (paid_fen >= 0 AND refund_fen >= 0),
  CHECK (matched >= 0 AND ours_only >= 0 AND theirs_only >= 0 AND amount_differs >= 0 AND state_differs >= 0 AND repaired >= 0)
);

CREATE TABLE pay_bill_lines (
  id             INTEGER  PRIMARY KEY AUTOINCREMENT,
  day            TEXT     NOT NULL,
  kind           TEXT     NOT NULL,
  number         TEXT     NOT NULL,
  out_trade_no   TEXT     NOT NULL,
  transaction_id TEXT     NOT NULL,
  refund_id      TEXT     NOT NULL DEFAULT '',
  app_id         TEXT     NOT NULL,
  mch_id         TEXT     NOT NULL,
  currency       TEXT     NOT NULL,
  amount_fen     INTEGER  NOT NULL,
  status         TEXT     NOT NULL DEFAULT '',
  at             DATETIME NOT NULL,
  CHECK (amount_fen >= 1)
);
CREATE UNIQUE INDEX pay_bill_lines_number ON pay_bill_lines (day, kind, number);
CREATE INDEX pay_bill_lines_kind ON pay_bill_lines (kind, number);

CREATE TABLE pay_bill_breaks (
  id           INTEGER  PRIMARY KEY AUTOINCREMENT,
  day          TEXT     NOT NULL,
  kind         TEXT     NOT NULL,
  number       TEXT     NOT NULL,
  bucket       TEXT     NOT NULL,
  out_trade_no TEXT     NOT NULL,
  ours_fen     INTEGER  NOT NULL DEFAULT 0,
  theirs_fen   INTEGER  NOT NULL DEFAULT 0,
  ours_state   TEXT     NOT NULL DEFAULT '',
  theirs_state TEXT     NOT NULL DEFAULT '',
  repair       TEXT     NOT NULL,
  outcome      TEXT     NOT NULL DEFAULT '',
  tries        INTEGER  NOT NULL DEFAULT 0,
  state        TEXT     NOT NULL,
  opened_at    DATETIME NOT NULL,
  ended_at     DATETIME NULL,
  staff_id     INTEGER  NOT NULL DEFAULT 0,
  note         TEXT     NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX pay_bill_breaks_once ON pay_bill_breaks (day, kind, number);
CREATE INDEX pay_bill_breaks_state ON pay_bill_breaks (state, id);

CREATE INDEX pay_orders_paid ON pay_orders (paid_at);
