-- +goose Up
-- The points mall: gifts, the slots that keep the limit per member, redemptions, and what staff did to the stock.

CREATE TABLE gifts (
  id              BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id       VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name            VARCHAR(100)  NOT NULL,
  description     VARCHAR(2000) NOT NULL,
  kind            VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_template VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  price           BIGINT        NOT NULL,
  unlimited       BOOLEAN       NOT NULL,
  initial_stock   BIGINT        NOT NULL,
  stock           BIGINT        NOT NULL,
  per_member      BIGINT        NOT NULL,
  starts_at       DATETIME(6)   NULL,
  ends_at         DATETIME(6)   NULL,
  state           VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sort            BIGINT        NOT NULL,
  created_at      DATETIME(6)   NOT NULL,
  CHECK (price > 0),
  CHECK (initial_stock >= 0),
  CHECK (stock >= 0),
  CHECK (per_member >= 0),
  UNIQUE KEY gifts_public_id (public_id),
  KEY gifts_shown (state, sort, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE gift_slots (
  gift_id       BIGINT      NOT NULL,
  member_id     BIGINT      NOT NULL,
  ordinal       BIGINT      NOT NULL,
  redemption_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  CHECK (ordinal >= 1),
  PRIMARY KEY (gift_id, member_id, ordinal),
  UNIQUE KEY gift_slots_redemption (redemption_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE gift_stock_moves (
  id       BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  gift_id  BIGINT       NOT NULL,
  delta    BIGINT       NOT NULL,
  source   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id BIGINT       NOT NULL,
  at       DATETIME(6)  NOT NULL,
  CHECK (delta <> 0),
  UNIQUE KEY gift_stock_moves_source (source),
  KEY gift_stock_moves_gift (gift_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE redemptions (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id   BIGINT       NOT NULL,
  gift_id     BIGINT       NOT NULL,
  gift_name   VARCHAR(100) NOT NULL,
  kind        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points      BIGINT       NOT NULL,
  points_seq  BIGINT       NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  coupon_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  staff_id    BIGINT       NOT NULL,
  note        VARCHAR(200) NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  closed_at   DATETIME(6)  NULL,
  CHECK (points > 0),
  UNIQUE KEY redemptions_public_id (public_id),
  UNIQUE KEY redemptions_code (code),
  UNIQUE KEY redemptions_coupon (coupon_id),
  KEY redemptions_member (member_id, id),
  KEY redemptions_gift (gift_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
