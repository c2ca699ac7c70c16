-- +goose Up
-- Orders at WeChat Pay, the calls that prepared them, what WeChat said about them and what does not agree.

CREATE TABLE pay_orders (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  out_trade_no    TEXT NOT NULL UNIQUE,
  member_id       INTEGER NOT NULL,
  purpose         TEXT NOT NULL,
  ref             TEXT NOT NULL,
  amount_fen      INTEGER NOT NULL,
  description     TEXT NOT NULL,
  app_id          TEXT NOT NULL,
  mch_id          TEXT NOT NULL,
  payer_open_id   TEXT NOT NULL DEFAULT '',
  state           TEXT NOT NULL,
  prepay_id       TEXT NOT NULL DEFAULT '',
  prepay_at       DATETIME,
  paying_at       DATETIME,
  transaction_id  TEXT UNIQUE,
  payer_total_fen INTEGER NOT NULL DEFAULT 0,
  paid_at         DATETIME,
  paid_via        TEXT NOT NULL DEFAULT '',
  expires_at      DATETIME NOT NULL,
  closed_at       DATETIME,
  created_at      DATETIME NOT NULL,
  CHECK (amount_fen >= 1 AND amount_fen <= 100000000),
  CHECK (payer_total_fen >= 0),
  UNIQUE (purpose, ref)
);
CREATE INDEX pay_orders_member ON pay_orders (member_id, id);
CREATE INDEX pay_orders_state ON pay_orders (state, expires_at);

CREATE TABLE pay_attempts (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  pay_order_id INTEGER NOT NULL,
  ordinal      INTEGER NOT NULL,
  state        TEXT NOT NULL,
  prepay_id    TEXT NOT NULL DEFAULT '',
  error        TEXT NOT NULL DEFAULT '',
  started_at   DATETIME NOT NULL,
  finished_at  DATETIME,
  CHECK (ordinal >= 1),
  UNIQUE (pay_order_id, ordinal)
);

CREATE TABLE pay_notices (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  digest         TEXT NOT NULL UNIQUE,
  via            TEXT NOT NULL,
  out_trade_no   TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  trade_state    TEXT NOT NULL,
  mch_id         TEXT NOT NULL,
  app_id         TEXT NOT NULL,
  payer_open_id  TEXT NOT NULL,
  amount_fen     INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  verdict        TEXT NOT NULL,
  received_at    DATETIME NOT NULL
);
CREATE INDEX pay_notices_order ON pay_notices (out_trade_no);

CREATE TABLE pay_breaks (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  kind           TEXT NOT NULL,
  out_trade_no   TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  detail         TEXT NOT NULL,
  state          TEXT NOT NULL,
  opened_at      DATETIME NOT NULL,
  settled_at     DATETIME,
  UNIQUE (kind, out_trade_no, transaction_id)
);
CREATE INDEX pay_breaks_state ON pay_breaks (state, id);
