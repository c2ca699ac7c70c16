-- +goose Up
-- Rules of earning points, which of them fired, points for actions (check-in, survey, review, birthday), and refunds of orders.

CREATE TABLE earning_rules (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  name               TEXT NOT NULL,
  state              TEXT NOT NULL,
  kind               TEXT NOT NULL,
  stack_group        TEXT NOT NULL,
  priority           INTEGER NOT NULL,
  per_hundred_yuan   INTEGER NOT NULL,
  multiplier_bp      INTEGER NOT NULL,
  bonus_points       INTEGER NOT NULL,
  min_fen            INTEGER NOT NULL,
  cap_order          INTEGER NOT NULL,
  cap_day            INTEGER NOT NULL,
  starts_at          DATETIME,
  ends_at            DATETIME,
  skus               TEXT NOT NULL,
  categories         TEXT NOT NULL,
  tiers              TEXT NOT NULL,
  weekdays           TEXT NOT NULL,
  from_hour          INTEGER NOT NULL,
  to_hour            INTEGER NOT NULL,
  first_order        BOOLEAN NOT NULL,
  created_by         INTEGER NOT NULL,
  created_at         DATETIME NOT NULL,
  updated_at         DATETIME NOT NULL,
  CHECK (per_hundred_yuan >= 0 AND multiplier_bp >= 0 AND bonus_points >= 0 AND min_fen >= 0 AND cap_order >= 0 AND cap_day >= 0),
  CHECK (from_hour >= 0 AND from_hour < to_hour AND to_hour <= 24)
);
CREATE INDEX earning_rules_state ON earning_rules (state, id);

-- One row: what holds for all rules. Its lock is taken before a rule is switched on.
CREATE TABLE earning_settings (
  id                 INTEGER NOT NULL PRIMARY KEY,
  exclude_skus       TEXT NOT NULL,
  exclude_categories TEXT NOT NULL,
  cap_order          INTEGER NOT NULL,
  cap_day            INTEGER NOT NULL,
  updated_at         DATETIME NOT NULL,
  CHECK (cap_order >= 0 AND cap_day >= 0)
);
INSERT INTO earning_settings VALUES (1, '[]', '[]', 0, 0, '2026-01-01T00:00:00.000000Z');

CREATE TABLE earning_firings (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id          INTEGER NOT NULL,
  entry_seq          INTEGER NOT NULL,
  part               INTEGER NOT NULL,
  kind               TEXT NOT NULL,
  rule_id            INTEGER NOT NULL,
  points             INTEGER NOT NULL,
  day                TEXT NOT NULL,
  CHECK (part >= 1)
);
CREATE UNIQUE INDEX earning_firings_part ON earning_firings (member_id, entry_seq, part);
CREATE INDEX earning_firings_day ON earning_firings (member_id, day);
CREATE INDEX earning_firings_rule ON earning_firings (rule_id, day);

CREATE TABLE earning_action_settings (
  action             TEXT NOT NULL PRIMARY KEY,
  enabled            BOOLEAN NOT NULL,
  ladder             TEXT NOT NULL,
  per_day            INTEGER NOT NULL,
  per_year           INTEGER NOT NULL,
  updated_at         DATETIME NOT NULL,
  CHECK (per_day >= 1 AND per_year >= 0)
);
INSERT INTO earning_action_settings VALUES
  ('check_in', TRUE, '[1,2,3,4,5,6,10]', 1, 0, '2026-01-01T00:00:00.000000Z'),
  ('survey', TRUE, '[20]', 3, 0, '2026-01-01T00:00:00.000000Z'),
  ('review', TRUE, '[10]', 3, 0, '2026-01-01T00:00:00.000000Z'),
  ('birthday', TRUE, '[100]', 1, 1, '2026-01-01T00:00:00.000000Z');

-- One row per rewarded action. For a check-in the ordinal is always 1: one per member and business day.
CREATE TABLE earning_actions (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id          INTEGER NOT NULL,
  action             TEXT NOT NULL,
  day                TEXT NOT NULL,
  ordinal            INTEGER NOT NULL,
  source             TEXT NOT NULL,
  points             INTEGER NOT NULL,
  entry_seq          INTEGER,
  streak             INTEGER NOT NULL,
  at                 DATETIME NOT NULL,
  CHECK (ordinal >= 1 AND points >= 0 AND streak >= 1)
);
CREATE UNIQUE INDEX earning_actions_slot ON earning_actions (member_id, action, day, ordinal);
CREATE UNIQUE INDEX earning_actions_source ON earning_actions (member_id, action, source);

CREATE TABLE order_refunds (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id           INTEGER NOT NULL,
  source             TEXT NOT NULL,
  number             TEXT NOT NULL,
  refund_fen         INTEGER NOT NULL,
  goods_fen          INTEGER NOT NULL,
  points             INTEGER NOT NULL,
  content_hash       TEXT NOT NULL,
  refunded_at        DATETIME NOT NULL,
  recorded_at        DATETIME NOT NULL,
  CHECK (refund_fen >= 1 AND goods_fen >= 0 AND goods_fen <= refund_fen AND points >= 0)
);
CREATE UNIQUE INDEX order_refunds_number ON order_refunds (source, number);
CREATE INDEX order_refunds_order ON order_refunds (order_id);

CREATE TABLE order_refund_lines (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  refund_id          INTEGER NOT NULL,
  line               INTEGER NOT NULL,
  quantity           INTEGER NOT NULL,
  refund_fen         INTEGER NOT NULL,
  CHECK (line >= 1 AND quantity >= 0 AND refund_fen >= 0)
);
CREATE UNIQUE INDEX order_refund_lines_line ON order_refund_lines (refund_id, line);
