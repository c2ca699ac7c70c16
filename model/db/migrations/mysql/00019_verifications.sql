-- +goose Up
-- Coupons that staff take at the counter: who took which, where, and who took it back. live is the coupon while the
-- verification counts, so that the schema itself keeps a coupon from being taken twice.

CREATE TABLE coupon_verifications (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id    BIGINT       NOT NULL,
  live         BIGINT       NULL,
  ref          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  store        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id     BIGINT       NOT NULL,
  amount_fen   BIGINT       NOT NULL,
  discount_fen BIGINT       NOT NULL,
  order_number VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at           DATETIME(6)  NOT NULL,
  undone_at    DATETIME(6)  NULL,
  undone_by    BIGINT       NOT NULL DEFAULT 0,
  undo_reason  VARCHAR(200) NOT NULL DEFAULT '',
  CHECK (amount_fen >= 0),
  CHECK (discount_fen > 0),
  UNIQUE KEY coupon_verifications_public (public_id),
  UNIQUE KEY coupon_verifications_live (live),
  UNIQUE KEY coupon_verifications_ref (ref),
  KEY coupon_verifications_coupon (coupon_id),
  KEY coupon_verifications_staff (staff_id, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE coupon_verification_tries (
  staff_id BIGINT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at  DATETIME(6) NOT NULL,
  next_at  DATETIME(6) NOT NULL,
  CHECK (failures >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
