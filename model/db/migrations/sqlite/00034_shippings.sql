-- +goose Up
-- What WeChat has to know about the delivery of paid mini-program orders, so that their money is not frozen.

CREATE TABLE shippings (
  id           INTEGER  PRIMARY KEY AUTOINCREMENT,
  pay_order_id INTEGER  NOT NULL,
  transaction_id TEXT   NOT NULL,
  state        TEXT     NOT NULL,
  mode         INTEGER  NOT NULL DEFAULT 0,
  item_desc    TEXT     NOT NULL DEFAULT '',
  carrier      TEXT     NOT NULL DEFAULT '',
  tracking     TEXT     NOT NULL DEFAULT '',
  tries        INTEGER  NOT NULL DEFAULT 0,
  code         INTEGER  NOT NULL DEFAULT 0,
  problem      TEXT     NOT NULL DEFAULT '',
  paid_at      DATETIME NOT NULL,
  created_at   DATETIME NOT NULL,
  ready_at     DATETIME NULL,
  sent_at      DATETIME NULL,
  shipped_at   DATETIME NULL,
  settled_at   DATETIME NULL,
  alarmed_at   DATETIME NULL,
  staff_id     INTEGER  NOT NULL DEFAULT 0,
  note         TEXT     NOT NULL DEFAULT '',
  CHECK (mode >= 0 AND mode <= 4),
  CHECK (tries >= 0)
);
CREATE UNIQUE INDEX shippings_pay_order ON shippings (pay_order_id);
CREATE INDEX shippings_transaction ON shippings (transaction_id);
CREATE INDEX shippings_state ON shippings (state, id);
