-- +goose Up
-- Orders paid in the shop, told to us by the shop's system or by a file of history.

CREATE TABLE orders (
  id                  BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  source              VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number              VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id           BIGINT      NOT NULL,
  kind                VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state               VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  origin              VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  paid_at             DATETIME(6) NOT NULL,
  goods_fen           BIGINT      NOT NULL,
  freight_fen         BIGINT      NOT NULL,
  discount_fen        BIGINT      NOT NULL,
  paid_fen            BIGINT      NOT NULL,
  refunded_fen        BIGINT      NOT NULL DEFAULT 0,
  points_earned       BIGINT      NOT NULL DEFAULT 0,
  coupon_code         VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  coupon_id           BIGINT      NULL,
  coupon_discount_fen BIGINT      NOT NULL DEFAULT 0,
  coupon_reason       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  content_hash        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  recorded_at         DATETIME(6) NOT NULL,
  CHECK (goods_fen >= 0 AND freight_fen >= 0 AND discount_fen >= 0 AND paid_fen >= 0 AND points_earned >= 0),
  CHECK (goods_fen + freight_fen - discount_fen = paid_fen),
  CHECK (refunded_fen >= 0 AND refunded_fen <= paid_fen),
  CHECK (coupon_discount_fen >= 0 AND coupon_discount_fen <= discount_fen),
  UNIQUE KEY orders_number (source, number),
  UNIQUE KEY orders_coupon (coupon_id),
  KEY orders_paid (paid_at, member_id, kind, state),
  KEY orders_member (member_id, paid_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE order_lines (
  id        BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id  BIGINT       NOT NULL,
  line      BIGINT       NOT NULL,
  sku       VARCHAR(64)  NOT NULL,
  name      VARCHAR(128) NOT NULL,
  category  VARCHAR(64)  NOT NULL,
  quantity  BIGINT       NOT NULL,
  price_fen BIGINT       NOT NULL,
  CHECK (line >= 1 AND quantity >= 1 AND price_fen >= 0),
  UNIQUE KEY order_lines_line (order_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
