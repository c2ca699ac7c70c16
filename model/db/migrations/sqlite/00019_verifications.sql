-- +goose Up
-- Coupons that staff take at the counter: who took which, where, and who took it back. live is the coupon while the
-- verification counts, so that the schema itself keeps a coupon from being taken twice.

CREATE TABLE coupon_verifications (
  id           INTEGER  PRIMARY KEY AUTOINCREMENT,
  public_id    TEXT     NOT NULL UNIQUE,
  coupon_id    INTEGER  NOT NULL,
  live         INTEGER  UNIQUE,
  ref          TEXT     NOT NULL UNIQUE,
  store        TEXT     NOT NULL,
  staff_id     INTEGER  NOT NULL,
  amount_fen   INTEGER  NOT NULL,
  discount_fen INTEGER  NOT NULL,
  order_number TEXT     NOT NULL,
  at           DATETIME NOT NULL,
  undone_at    DATETIME,
  undone_by    INTEGER  NOT NULL DEFAULT 0,
  undo_reason  TEXT     NOT NULL DEFAULT '',
  CHECK (amount_fen >= 0),
  CHECK (discount_fen > 0)
);
CREATE INDEX coupon_verifications_coupon ON coupon_verifications (coupon_id);
CREATE INDEX coupon_verifications_staff ON coupon_verifications (staff_id, at);

CREATE TABLE coupon_verification_tries (
  staff_id INTEGER NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at  DATETIME NOT NULL,
  next_at  DATETIME NOT NULL,
  CHECK (failures >= 0)
);
