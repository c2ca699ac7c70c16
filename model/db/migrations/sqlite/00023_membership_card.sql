-- +goose Up
-- The whole membership card: trials, stacks, refund policies and channels of plans; benefits beyond coupons; codes that activate a card;
-- what refunds of orders take back of what a card saved; what an order says that its buyer's card saved.

ALTER TABLE membership_plans ADD COLUMN trial                  BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE membership_plans ADD COLUMN max_stack              INTEGER NOT NULL DEFAULT 0 CHECK (max_stack >= 0);
ALTER TABLE membership_plans ADD COLUMN grace_days             INTEGER NOT NULL DEFAULT 0 CHECK (grace_days >= 0);
ALTER TABLE membership_plans ADD COLUMN refund_policy          TEXT NOT NULL DEFAULT 'none';
ALTER TABLE membership_plans ADD COLUMN refund_days            INTEGER NOT NULL DEFAULT 0 CHECK (refund_days >= 0);
ALTER TABLE membership_plans ADD COLUMN channel                TEXT NOT NULL DEFAULT 'jsapi';
ALTER TABLE membership_plans ADD COLUMN check_in_multiplier_bp INTEGER NOT NULL DEFAULT 10000 CHECK (check_in_multiplier_bp >= 10000);
ALTER TABLE membership_plans ADD COLUMN welcome_points         INTEGER NOT NULL DEFAULT 0 CHECK (welcome_points >= 0);
ALTER TABLE membership_plans ADD COLUMN free_freight           INTEGER NOT NULL DEFAULT 0 CHECK (free_freight >= 0);
ALTER TABLE membership_plans ADD COLUMN birthday_points        INTEGER NOT NULL DEFAULT 0 CHECK (birthday_points >= 0);
ALTER TABLE membership_plans ADD COLUMN birthday_template      TEXT NOT NULL DEFAULT '';
ALTER TABLE membership_plans ADD COLUMN early_hours            INTEGER NOT NULL DEFAULT 0 CHECK (early_hours >= 0);
ALTER TABLE membership_plans ADD COLUMN services               TEXT NOT NULL DEFAULT '';

ALTER TABLE membership_periods ADD COLUMN code_id INTEGER;
CREATE UNIQUE INDEX membership_periods_code ON membership_periods (code_id);
CREATE INDEX membership_periods_ending ON membership_periods (to_day, id);

CREATE TABLE membership_trials (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  person     TEXT NOT NULL,
  member_id  INTEGER NOT NULL,
  period_id  INTEGER NOT NULL,
  at         DATETIME NOT NULL,
  UNIQUE (person)
);
CREATE INDEX membership_trials_member ON membership_trials (member_id);

CREATE TABLE membership_uses (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  period_id  INTEGER NOT NULL,
  member_id  INTEGER NOT NULL,
  benefit    TEXT NOT NULL,
  cycle      INTEGER NOT NULL,
  ordinal    INTEGER NOT NULL,
  source     TEXT NOT NULL,
  points     INTEGER NOT NULL DEFAULT 0,
  coupon     TEXT NOT NULL DEFAULT '',
  reason     TEXT NOT NULL DEFAULT '',
  at         DATETIME NOT NULL,
  CHECK (cycle >= 0),
  CHECK (ordinal >= 1),
  CHECK (points >= 0),
  UNIQUE (source),
  UNIQUE (period_id, benefit, cycle, ordinal)
);
CREATE INDEX membership_uses_member ON membership_uses (member_id);

CREATE TABLE membership_coupons (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  coupon    TEXT NOT NULL,
  period_id INTEGER NOT NULL,
  UNIQUE (coupon)
);
CREATE INDEX membership_coupons_period ON membership_coupons (period_id);

CREATE TABLE membership_saving_returns (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  saving_id  INTEGER NOT NULL,
  source     TEXT NOT NULL,
  amount_fen INTEGER NOT NULL,
  at         DATETIME NOT NULL,
  CHECK (amount_fen >= 1),
  UNIQUE (saving_id, source)
);

CREATE TABLE membership_code_batches (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL,
  plan_id     INTEGER NOT NULL,
  quantity    INTEGER NOT NULL,
  note        TEXT NOT NULL,
  note_hash   TEXT NOT NULL,
  valid_until DATETIME,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  closed_at   DATETIME,
  CHECK (quantity >= 1),
  UNIQUE (public_id),
  UNIQUE (note_hash)
);

CREATE TABLE membership_codes (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  batch_id  INTEGER NOT NULL,
  code_hash TEXT NOT NULL,
  member_id INTEGER,
  used_at   DATETIME,
  UNIQUE (code_hash)
);
CREATE INDEX membership_codes_batch ON membership_codes (batch_id, used_at);

CREATE TABLE membership_code_tries (
  member_id INTEGER PRIMARY KEY,
  failures  INTEGER NOT NULL,
  last_at   DATETIME NOT NULL,
  next_at   DATETIME NOT NULL,
  CHECK (failures >= 0)
);

ALTER TABLE orders ADD COLUMN member_saving_fen INTEGER NOT NULL DEFAULT 0 CHECK (member_saving_fen >= 0);
ALTER TABLE orders ADD COLUMN free_freight_fen  INTEGER NOT NULL DEFAULT 0 CHECK (free_freight_fen >= 0);
ALTER TABLE orders ADD COLUMN card_saved_fen    INTEGER NOT NULL DEFAULT 0 CHECK (card_saved_fen >= 0);
ALTER TABLE orders ADD COLUMN card_reason       TEXT NOT NULL DEFAULT '';
