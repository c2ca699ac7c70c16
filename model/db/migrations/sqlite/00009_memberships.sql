-- +goose Up
-- The paid membership card: plans, orders of plans, periods of membership, what was given and what was saved.

CREATE TABLE membership_plans (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id            TEXT NOT NULL UNIQUE,
  name                 TEXT NOT NULL,
  price_fen            INTEGER NOT NULL,
  list_price_fen       INTEGER NOT NULL,
  unit                 TEXT NOT NULL,
  length               INTEGER NOT NULL,
  points_multiplier_bp INTEGER NOT NULL,
  percent_off_bp       INTEGER NOT NULL,
  on_sale              BOOLEAN NOT NULL,
  sale_from            DATETIME,
  sale_until           DATETIME,
  created_by           INTEGER NOT NULL,
  created_at           DATETIME NOT NULL,
  CHECK (price_fen >= 1),
  CHECK (list_price_fen >= price_fen),
  CHECK (length >= 0),
  CHECK (points_multiplier_bp >= 10000),
  CHECK (percent_off_bp >= 0 AND percent_off_bp < 10000)
);

CREATE TABLE membership_plan_coupons (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  plan_id      INTEGER NOT NULL,
  ordinal      INTEGER NOT NULL,
  template_id  TEXT NOT NULL,
  quantity     INTEGER NOT NULL,
  CHECK (quantity >= 1),
  UNIQUE (plan_id, ordinal)
);

CREATE TABLE membership_orders (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  number       TEXT NOT NULL UNIQUE,
  member_id    INTEGER NOT NULL,
  plan_id      INTEGER NOT NULL,
  price_fen    INTEGER NOT NULL,
  pay_order_id INTEGER NOT NULL UNIQUE,
  state        TEXT NOT NULL,
  created_at   DATETIME NOT NULL,
  activated_at DATETIME,
  CHECK (price_fen >= 1)
);
CREATE INDEX membership_orders_member ON membership_orders (member_id, id);

CREATE TABLE membership_periods (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id            INTEGER NOT NULL,
  seq                  INTEGER NOT NULL,
  plan_id              INTEGER NOT NULL,
  order_id             INTEGER NOT NULL UNIQUE,
  pay_order_id         INTEGER NOT NULL UNIQUE,
  price_fen            INTEGER NOT NULL,
  from_day             TEXT NOT NULL,
  to_day               TEXT NOT NULL,
  unit                 TEXT NOT NULL,
  anchor               INTEGER NOT NULL,
  points_multiplier_bp INTEGER NOT NULL,
  percent_off_bp       INTEGER NOT NULL,
  state                TEXT NOT NULL,
  created_at           DATETIME NOT NULL,
  CHECK (seq >= 1),
  CHECK (from_day < to_day),
  CHECK (anchor >= 1 AND anchor <= 31),
  UNIQUE (member_id, seq)
);
CREATE INDEX membership_periods_end ON membership_periods (member_id, to_day);

CREATE TABLE membership_grants (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  period_id  INTEGER NOT NULL,
  benefit    INTEGER NOT NULL,
  cycle      INTEGER NOT NULL,
  quantity   INTEGER NOT NULL,
  granted    INTEGER NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  granted_at DATETIME NOT NULL,
  CHECK (cycle >= 0),
  CHECK (granted >= 0 AND granted <= quantity),
  UNIQUE (period_id, benefit, cycle)
);

CREATE TABLE membership_savings (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  period_id   INTEGER NOT NULL,
  source      TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  amount_fen  INTEGER NOT NULL,
  happened_at DATETIME NOT NULL,
  CHECK (amount_fen >= 1)
);
CREATE INDEX membership_savings_period ON membership_savings (period_id);
