-- +goose Up
-- The points mall gives more: goods that are sent, days of membership, codes from a pool; gifts that also cost money; limits per
-- day and week; gifts for higher tiers. A period of membership may be a gift, which has neither order nor payment.

ALTER TABLE gifts ADD COLUMN cash_fen  INTEGER NOT NULL DEFAULT 0 CHECK (cash_fen >= 0);
ALTER TABLE gifts ADD COLUMN plan      TEXT    NOT NULL DEFAULT '';
ALTER TABLE gifts ADD COLUMN days      INTEGER NOT NULL DEFAULT 0 CHECK (days >= 0);
ALTER TABLE gifts ADD COLUMN low_stock INTEGER NOT NULL DEFAULT 0 CHECK (low_stock >= 0);
ALTER TABLE gifts ADD COLUMN per_day   INTEGER NOT NULL DEFAULT 0 CHECK (per_day >= 0);
ALTER TABLE gifts ADD COLUMN per_week  INTEGER NOT NULL DEFAULT 0 CHECK (per_week >= 0);
ALTER TABLE gifts ADD COLUMN min_tier  TEXT    NOT NULL DEFAULT '';

ALTER TABLE redemptions ADD COLUMN cash_fen     INTEGER NOT NULL DEFAULT 0 CHECK (cash_fen >= 0);
ALTER TABLE redemptions ADD COLUMN pay_order_id INTEGER;
ALTER TABLE redemptions ADD COLUMN pay_until    DATETIME;
ALTER TABLE redemptions ADD COLUMN address      TEXT    NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN carrier      TEXT    NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN tracking     TEXT    NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN store        TEXT    NOT NULL DEFAULT '';
ALTER TABLE redemptions ADD COLUMN completed_at DATETIME;
CREATE UNIQUE INDEX redemptions_pay ON redemptions (pay_order_id);
CREATE INDEX redemptions_state ON redemptions (state, closed_at);

CREATE TABLE gift_window_slots (
  gift_id       INTEGER NOT NULL,
  member_id     INTEGER NOT NULL,
  span          TEXT    NOT NULL,
  ordinal       INTEGER NOT NULL,
  redemption_id TEXT    NOT NULL,
  PRIMARY KEY (gift_id, member_id, span, ordinal),
  CHECK (ordinal >= 1)
) WITHOUT ROWID;
CREATE INDEX gift_window_slots_redemption ON gift_window_slots (redemption_id);

CREATE TABLE gift_codes (
  id            INTEGER  PRIMARY KEY AUTOINCREMENT,
  gift_id       INTEGER  NOT NULL,
  code_hash     TEXT     NOT NULL,
  sealed        TEXT     NOT NULL,
  redemption_id TEXT     UNIQUE,
  revealed_at   DATETIME,
  staff_id      INTEGER  NOT NULL,
  at            DATETIME NOT NULL,
  UNIQUE (gift_id, code_hash)
);
CREATE INDEX gift_codes_free ON gift_codes (gift_id, redemption_id, id);

CREATE TABLE membership_periods_2 (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id            INTEGER NOT NULL,
  seq                  INTEGER NOT NULL,
  plan_id              INTEGER NOT NULL,
  order_id             INTEGER UNIQUE,
  pay_order_id         INTEGER UNIQUE,
  price_fen            INTEGER NOT NULL,
  from_day             TEXT NOT NULL,
  to_day               TEXT NOT NULL,
  unit                 TEXT NOT NULL,
  anchor               INTEGER NOT NULL,
  points_multiplier_bp INTEGER NOT NULL,
  percent_off_bp       INTEGER NOT NULL,
  state                TEXT NOT NULL,
  created_at           DATETIME NOT NULL,
  gift_source          TEXT UNIQUE,
  gift_days            INTEGER NOT NULL DEFAULT 0,
  CHECK (seq >= 1),
  CHECK (from_day < to_day),
  CHECK (anchor >= 1 AND anchor <= 31),
  CHECK (gift_days >= 0),
  UNIQUE (member_id, seq)
);
INSERT INTO membership_periods_2 (id, member_id, seq, plan_id, order_id, pay_order_id, price_fen, from_day, to_day, unit, anchor,
    points_multiplier_bp, percent_off_bp, state, created_at)
  SELECT id, member_id, seq, plan_id, order_id, pay_order_id, price_fen, from_day, to_day, unit, anchor,
    points_multiplier_bp, percent_off_bp, state, created_at FROM membership_periods;
DROP TABLE membership_periods;
ALTER TABLE membership_periods_2 RENAME TO membership_periods;
CREATE INDEX membership_periods_end ON membership_periods (member_id, to_day);
