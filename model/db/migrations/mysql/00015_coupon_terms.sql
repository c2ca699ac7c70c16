-- +goose Up
-- What a coupon may say beyond its worth: where it is good for, with which others, what a refund does. These conditions are
-- long and shared by all coupons of a template, so they are rows of their own that are never changed; a template and each of
-- its coupons point at one. Row 0 does not exist: it stands for the plain conditions (all goods, used alone, returned on refund).

CREATE TABLE coupon_terms (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  hash       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  conditions MEDIUMTEXT NOT NULL,
  created_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_terms_hash ON coupon_terms (hash);

ALTER TABLE coupon_templates ADD COLUMN terms_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE coupon_templates ADD COLUMN audience VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'everyone';
ALTER TABLE coupon_templates ADD COLUMN per_day BIGINT NOT NULL DEFAULT 0 CHECK (per_day >= 0);
-- The budget is what all coupons of the template together may take off, 0 is no bound; spent is what they took off or are held for.
ALTER TABLE coupon_templates ADD COLUMN budget_fen BIGINT NOT NULL DEFAULT 0 CHECK (budget_fen >= 0);
ALTER TABLE coupon_templates ADD COLUMN spent_fen BIGINT NOT NULL DEFAULT 0 CHECK (spent_fen >= 0);
-- The revision grows with each edit of what the template says.
ALTER TABLE coupon_templates ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

ALTER TABLE coupons ADD COLUMN terms_id BIGINT NOT NULL DEFAULT 0;
-- held_fen is what a locked coupon is going to take off; a lock whose end has passed counts no more.
ALTER TABLE coupons ADD COLUMN held_fen BIGINT NOT NULL DEFAULT 0 CHECK (held_fen >= 0);
ALTER TABLE coupons ADD COLUMN locked_until DATETIME(6) NULL;
ALTER TABLE coupons ADD COLUMN store VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
ALTER TABLE coupons ADD COLUMN returns BIGINT NOT NULL DEFAULT 0 CHECK (returns >= 0);
-- A lock is named by the shop's system and its order number, which are longer than our own references.
ALTER TABLE coupons MODIFY COLUMN order_ref VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NULL;
CREATE INDEX coupons_order_ref ON coupons (order_ref);
CREATE INDEX coupons_usable ON coupons (member_id, state, usable_until);

-- The slots of one business day hold the limit per member and day, as coupons.slot holds the one for life.
CREATE TABLE coupon_day_slots (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  template_id BIGINT NOT NULL,
  member_id   BIGINT NOT NULL,
  day         DATE NOT NULL,
  slot        BIGINT NOT NULL CHECK (slot >= 1),
  coupon      VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_day_slots_slot ON coupon_day_slots (template_id, member_id, day, slot);
CREATE UNIQUE INDEX coupon_day_slots_coupon ON coupon_day_slots (coupon);

-- What a refund did to the coupon of an order, once for each order and coupon.
CREATE TABLE coupon_returns (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  coupon_id    BIGINT NOT NULL,
  order_ref    VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  discount_fen BIGINT NOT NULL CHECK (discount_fen >= 0),
  usable_until DATETIME(6) NOT NULL,
  created_at   DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_returns_order ON coupon_returns (order_ref, coupon_id);
CREATE INDEX coupon_returns_coupon ON coupon_returns (coupon_id);

-- The coupons that an order brought beside its first one, which stands in the order itself.
CREATE TABLE order_coupons (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id     BIGINT NOT NULL,
  ordinal      BIGINT NOT NULL CHECK (ordinal >= 2),
  code         VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id    BIGINT,
  discount_fen BIGINT NOT NULL DEFAULT 0 CHECK (discount_fen >= 0),
  reason       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX order_coupons_ordinal ON order_coupons (order_id, ordinal);
CREATE INDEX order_coupons_coupon ON order_coupons (coupon_id);

-- A coupon that a refund gave back may be used by a later order; that it is used by one at a time is its own state's business.
DROP INDEX orders_coupon ON orders;
CREATE INDEX orders_coupons ON orders (coupon_id);
