-- +goose Up
-- What WeChat has to know about the delivery of paid mini-program orders, so that their money is not frozen.

CREATE TABLE shippings (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pay_order_id BIGINT       NOT NULL,
  transaction_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mode         INT          NOT NULL DEFAULT 0,
  item_desc    VARCHAR(120) NOT NULL DEFAULT '',
  carrier      VARCHAR(64)  NOT NULL DEFAULT '',
  tracking     VARCHAR(64)  NOT NULL DEFAULT '',
  tries        INT          NOT NULL DEFAULT 0,
  code         BIGINT       NOT NULL DEFAULT 0,
  problem      VARCHAR(200) NOT NULL DEFAULT '',
  paid_at      DATETIME(6)  NOT NULL,
  created_at   DATETIME(6)  NOT NULL,
  ready_at     DATETIME(6)  NULL,
  sent_at      DATETIME(6)  NULL,
  shipped_at   DATETIME(6)  NULL,
  settled_at   DATETIME(6)  NULL,
  alarmed_at   DATETIME(6)  NULL,
  staff_id     BIGINT       NOT NULL DEFAULT 0,
  note         VARCHAR(200) NOT NULL DEFAULT '',
  CHECK (mode >= 0 AND mode <= 4),
  CHECK (tries >= 0),
  UNIQUE KEY shippings_pay_order (pay_order_id),
  KEY shippings_transaction (transaction_id),
  KEY shippings_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
