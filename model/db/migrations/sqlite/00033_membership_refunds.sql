-- +goose Up
-- Refunds of the membership card: what was quoted, frozen; and what each did to periods, before and after.

CREATE TABLE membership_refunds (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id    TEXT NOT NULL,
  order_id     INTEGER NOT NULL,
  ordinal      INTEGER NOT NULL,
  period_id    INTEGER NOT NULL,
  member_id    INTEGER NOT NULL,
  pay_order_id INTEGER NOT NULL,
  policy       TEXT NOT NULL,
  price_fen    INTEGER NOT NULL,
  total_days   INTEGER NOT NULL,
  unused_days  INTEGER NOT NULL,
  taken_fen    INTEGER NOT NULL,
  amount_fen   INTEGER NOT NULL,
  as_of        TEXT NOT NULL,
  origin       TEXT NOT NULL,
  staff_id     INTEGER NOT NULL DEFAULT 0,
  reason       TEXT NOT NULL DEFAULT '',
  state        TEXT NOT NULL,
  created_at   DATETIME NOT NULL,
  settled_at   DATETIME,
  CHECK (amount_fen >= 1 AND amount_fen <= price_fen),
  CHECK (taken_fen >= 0),
  CHECK (ordinal >= 1),
  CHECK (unused_days >= 0 AND unused_days <= total_days),
  UNIQUE (public_id),
  UNIQUE (order_id, ordinal)
);
CREATE INDEX membership_refunds_member ON membership_refunds (member_id, id);
CREATE INDEX membership_refunds_state ON membership_refunds (state, id);

CREATE TABLE membership_moves (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  refund_id   INTEGER NOT NULL,
  period_id   INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  from_before TEXT NOT NULL,
  to_before   TEXT NOT NULL,
  from_after  TEXT NOT NULL,
  to_after    TEXT NOT NULL,
  at          DATETIME NOT NULL,
  UNIQUE (refund_id, period_id)
);
CREATE INDEX membership_moves_period ON membership_moves (period_id, id);
