-- +goose Up
-- Coupon templates and the coupons made from them. A coupon carries a copy of the template's terms. Its slot (1 .. per_member)
-- is what holds the limit per member; its source is what makes one cause give one coupon.

CREATE TABLE coupon_templates (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id      TEXT NOT NULL UNIQUE,
  name           TEXT NOT NULL,
  rules_text     TEXT NOT NULL,
  kind           TEXT NOT NULL,
  amount_fen     INTEGER NOT NULL,
  percent_off_bp INTEGER NOT NULL,
  cap_fen        INTEGER NOT NULL,
  threshold_fen  INTEGER NOT NULL,
  claim_from     DATETIME,
  claim_until    DATETIME,
  use_from       DATETIME,
  use_until      DATETIME,
  use_days       INTEGER NOT NULL,
  total          INTEGER NOT NULL,
  claimed        INTEGER NOT NULL DEFAULT 0,
  per_member     INTEGER NOT NULL,
  claimable      BOOLEAN NOT NULL,
  issuable       BOOLEAN NOT NULL,
  state          TEXT NOT NULL,
  created_by     INTEGER NOT NULL,
  created_at     DATETIME NOT NULL,
  updated_at     DATETIME NOT NULL,
  CHECK (amount_fen >= 0 AND cap_fen >= 0 AND threshold_fen >= 0 AND use_days >= 0 AND per_member >= 0),
  CHECK (percent_off_bp >= 0 AND percent_off_bp <= 10000),
  CHECK (total >= -1 AND claimed >= 0 AND (total < 0 OR claimed <= total))
);
CREATE INDEX coupon_templates_state ON coupon_templates (state, id);

CREATE TABLE coupons (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id      TEXT NOT NULL,
  code           TEXT NOT NULL,
  template_id    INTEGER NOT NULL,
  member_id      INTEGER NOT NULL,
  slot           INTEGER,
  source         TEXT,
  channel        TEXT NOT NULL,
  staff_id       INTEGER NOT NULL DEFAULT 0,
  kind           TEXT NOT NULL,
  amount_fen     INTEGER NOT NULL,
  percent_off_bp INTEGER NOT NULL,
  cap_fen        INTEGER NOT NULL,
  threshold_fen  INTEGER NOT NULL,
  usable_from    DATETIME NOT NULL,
  usable_until   DATETIME NOT NULL,
  state          TEXT NOT NULL,
  order_ref      TEXT,
  discount_fen   INTEGER NOT NULL DEFAULT 0,
  issued_at      DATETIME NOT NULL,
  locked_at      DATETIME,
  redeemed_at    DATETIME,
  CHECK (slot IS NULL OR slot >= 1),
  CHECK (amount_fen >= 0 AND percent_off_bp >= 0 AND cap_fen >= 0 AND threshold_fen >= 0 AND discount_fen >= 0)
);
CREATE UNIQUE INDEX coupons_public_id ON coupons (public_id);
CREATE UNIQUE INDEX coupons_code ON coupons (code);
CREATE UNIQUE INDEX coupons_source ON coupons (source);
CREATE UNIQUE INDEX coupons_slot ON coupons (template_id, member_id, slot);
CREATE INDEX coupons_member ON coupons (member_id, id);
