-- +goose Up
-- Orders paid in the shop, told to us by the shop's system or by a file of history.

CREATE TABLE orders (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  source              TEXT NOT NULL,
  number              TEXT NOT NULL,
  member_id           INTEGER NOT NULL,
  kind                TEXT NOT NULL,
  state               TEXT NOT NULL,
  origin              TEXT NOT NULL,
  paid_at             DATETIME NOT NULL,
  goods_fen           INTEGER NOT NULL,
  freight_fen         INTEGER NOT NULL,
  discount_fen        INTEGER NOT NULL,
  paid_fen            INTEGER NOT NULL,
  refunded_fen        INTEGER NOT NULL DEFAULT 0,
  points_earned       INTEGER NOT NULL DEFAULT 0,
  coupon_code         TEXT NOT NULL DEFAULT '',
  coupon_id           INTEGER,
  coupon_discount_fen INTEGER NOT NULL DEFAULT 0,
  coupon_reason       TEXT NOT NULL DEFAULT '',
  content_hash        TEXT NOT NULL,
  recorded_at         DATETIME NOT NULL,
  CHECK (goods_fen >= 0 AND freight_fen >= 0 AND discount_fen >= 0 AND paid_fen >= 0 AND points_earned >= 0),
  CHECK (goods_fen + freight_fen - discount_fen = paid_fen),
  CHECK (refunded_fen >= 0 AND refunded_fen <= paid_fen),
  CHECK (coupon_discount_fen >= 0 AND coupon_discount_fen <= discount_fen)
);
CREATE UNIQUE INDEX orders_number ON orders (source, number);
CREATE UNIQUE INDEX orders_coupon ON orders (coupon_id);
CREATE INDEX orders_paid ON orders (paid_at, member_id, kind, state);
CREATE INDEX orders_member ON orders (member_id, paid_at);

CREATE TABLE order_lines (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id  INTEGER NOT NULL,
  line      INTEGER NOT NULL,
  sku       TEXT NOT NULL,
  name      TEXT NOT NULL,
  category  TEXT NOT NULL,
  quantity  INTEGER NOT NULL,
  price_fen INTEGER NOT NULL,
  CHECK (line >= 1 AND quantity >= 1 AND price_fen >= 0)
);
CREATE UNIQUE INDEX order_lines_line ON order_lines (order_id, line);
