-- +goose Up
-- Money that goes back: what was asked for, under which numbers, what WeChat said about them, and who agreed. An order keeps the sums,
-- so that one conditional statement guards them.

ALTER TABLE pay_orders ADD COLUMN refunding_fen  INTEGER NOT NULL DEFAULT 0 CHECK (refunding_fen >= 0);
ALTER TABLE pay_orders ADD COLUMN refunded_fen   INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen >= 0 AND refunding_fen + refunded_fen <= amount_fen);
ALTER TABLE pay_orders ADD COLUMN refund_numbers INTEGER NOT NULL DEFAULT 0 CHECK (refund_numbers >= 0 AND refund_numbers <= 50);
ALTER TABLE pay_orders ADD COLUMN refund_sent_at DATETIME;

ALTER TABLE pay_breaks ADD COLUMN settled_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pay_breaks ADD COLUMN note       TEXT    NOT NULL DEFAULT '';

CREATE TABLE pay_refunds (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id        TEXT NOT NULL UNIQUE,
  pay_order_id     INTEGER NOT NULL,
  amount_fen       INTEGER NOT NULL,
  reason           TEXT NOT NULL,
  source           TEXT NOT NULL UNIQUE,
  staff_id         INTEGER NOT NULL DEFAULT 0,
  state            TEXT NOT NULL,
  ordinal          INTEGER NOT NULL,
  problem          TEXT NOT NULL DEFAULT '',
  payer_refund_fen INTEGER NOT NULL DEFAULT 0,
  received_account TEXT NOT NULL DEFAULT '',
  requested_at     DATETIME NOT NULL,
  refunded_at      DATETIME,
  settled_at       DATETIME,
  settled_via      TEXT NOT NULL DEFAULT '',
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000),
  CHECK (ordinal >= 1),
  CHECK (payer_refund_fen >= 0)
);
CREATE INDEX pay_refunds_order ON pay_refunds (pay_order_id, id);
CREATE INDEX pay_refunds_state ON pay_refunds (state, id);

CREATE TABLE pay_refund_numbers (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  pay_refund_id INTEGER NOT NULL,
  pay_order_id  INTEGER NOT NULL,
  ordinal       INTEGER NOT NULL,
  out_refund_no TEXT NOT NULL UNIQUE,
  state         TEXT NOT NULL,
  refund_id     TEXT NOT NULL DEFAULT '',
  calls         INTEGER NOT NULL DEFAULT 0,
  error         TEXT NOT NULL DEFAULT '',
  created_at    DATETIME NOT NULL,
  sent_at       DATETIME,
  ended_at      DATETIME,
  CHECK (ordinal >= 1),
  CHECK (calls >= 0),
  UNIQUE (pay_refund_id, ordinal)
);
CREATE INDEX pay_refund_numbers_order ON pay_refund_numbers (pay_order_id, id);

CREATE TABLE pay_refund_notices (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  digest         TEXT NOT NULL UNIQUE,
  via            TEXT NOT NULL,
  out_refund_no  TEXT NOT NULL,
  refund_id      TEXT NOT NULL,
  out_trade_no   TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  mch_id         TEXT NOT NULL,
  status         TEXT NOT NULL,
  refund_fen     INTEGER NOT NULL,
  total_fen      INTEGER NOT NULL,
  verdict        TEXT NOT NULL,
  received_at    DATETIME NOT NULL
);
CREATE INDEX pay_refund_notices_no ON pay_refund_notices (out_refund_no);

CREATE TABLE pay_refund_asks (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  pay_order_id  INTEGER NOT NULL,
  amount_fen    INTEGER NOT NULL,
  reason        TEXT NOT NULL,
  staff_id      INTEGER NOT NULL,
  day           TEXT NOT NULL,
  needs_second  BOOLEAN NOT NULL,
  state         TEXT NOT NULL,
  pay_refund_id INTEGER UNIQUE,
  decided_by    INTEGER NOT NULL DEFAULT 0,
  decided_at    DATETIME,
  decision_note TEXT NOT NULL DEFAULT '',
  created_at    DATETIME NOT NULL,
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000)
);
CREATE INDEX pay_refund_asks_state ON pay_refund_asks (state, id);

CREATE TABLE pay_refund_days (
  staff_id   INTEGER NOT NULL,
  day        TEXT NOT NULL,
  amount_fen INTEGER NOT NULL DEFAULT 0,
  CHECK (amount_fen >= 0),
  PRIMARY KEY (staff_id, day)
);
