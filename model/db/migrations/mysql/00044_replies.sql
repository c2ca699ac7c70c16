-- +goose Up
-- What people see at once: replies to follows, scans, texts and taps on the menu, with all their versions.

CREATE TABLE reply_rules (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name       VARCHAR(64) NOT NULL,
  occasion   VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  terms      TEXT        NOT NULL,
  active     BOOLEAN     NOT NULL,
  version    BIGINT      NOT NULL,
  created_by BIGINT      NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  ended_at   DATETIME(6) NULL,
  CHECK (version >= 1),
  UNIQUE KEY reply_rules_public_id (public_id),
  KEY reply_rules_ended (ended_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE reply_rule_versions (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  rule_id    BIGINT      NOT NULL,
  version    BIGINT      NOT NULL,
  name       VARCHAR(64) NOT NULL,
  terms      TEXT        NOT NULL,
  active     BOOLEAN     NOT NULL,
  created_by BIGINT      NOT NULL,
  created_at DATETIME(6) NOT NULL,
  UNIQUE KEY reply_rule_versions_version (rule_id, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The replies that every shop begins with. Staff change them like any other.
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (1, 'reply0000000000000000001', '关注欢迎', 'follow', '{"source":"plain","answer":{"kind":"text","text":"感谢关注!在这里可以查积分、用优惠券。有任何问题,直接回复就能找到我们。"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (2, 'reply0000000000000000002', '包裹码关注', 'follow', '{"source":"parcel","answer":{"kind":"text","text":"感谢关注!包裹里的商品有任何问题,直接回复就能找到我们。"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (3, 'reply0000000000000000003', '包裹码再次扫码', 'scan', '{"source":"parcel","answer":{"kind":"text","text":"收到!包裹里的商品有任何问题,直接回复就能找到我们。"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (4, 'reply0000000000000000004', '查订单', 'keyword', '{"keywords":["查订单","我的订单","订单查询","订单状态"],"match":"contains","answer":{"kind":"orders"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (5, 'reply0000000000000000005', '查积分', 'keyword', '{"keywords":["积分","查积分","我的积分"],"match":"exact","answer":{"kind":"points"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (6, 'reply0000000000000000006', '菜单:我的积分', 'click', '{"key":"points","answer":{"kind":"points"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (7, 'reply0000000000000000007', '菜单:我的订单', 'click', '{"key":"orders","answer":{"kind":"orders"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (8, 'reply0000000000000000008', '菜单:联系客服', 'click', '{"key":"service","answer":{"kind":"text","text":"您好!请直接在下方输入您的问题,我们会尽快回复。"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rules (id, public_id, name, occasion, terms, active, version, created_by, created_at, updated_at)
  VALUES (9, 'reply0000000000000000009', '订单', 'keyword', '{"keywords":["订单"],"match":"exact","answer":{"kind":"orders"}}', TRUE, 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (1, 1, '关注欢迎', '{"source":"plain","answer":{"kind":"text","text":"感谢关注!在这里可以查积分、用优惠券。有任何问题,直接回复就能找到我们。"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (2, 1, '包裹码关注', '{"source":"parcel","answer":{"kind":"text","text":"感谢关注!包裹里的商品有任何问题,直接回复就能找到我们。"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (3, 1, '包裹码再次扫码', '{"source":"parcel","answer":{"kind":"text","text":"收到!包裹里的商品有任何问题,直接回复就能找到我们。"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (4, 1, '查订单', '{"keywords":["查订单","我的订单","订单查询","订单状态"],"match":"contains","answer":{"kind":"orders"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (5, 1, '查积分', '{"keywords":["积分","查积分","我的积分"],"match":"exact","answer":{"kind":"points"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (6, 1, '菜单:我的积分', '{"key":"points","answer":{"kind":"points"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (7, 1, '菜单:我的订单', '{"key":"orders","answer":{"kind":"orders"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (8, 1, '菜单:联系客服', '{"key":"service","answer":{"kind":"text","text":"您好!请直接在下方输入您的问题,我们会尽快回复。"}}', TRUE, 0, '2026-01-01 00:00:00');
INSERT INTO reply_rule_versions (rule_id, version, name, terms, active, created_by, created_at)
  VALUES (9, 1, '订单', '{"keywords":["订单"],"match":"exact","answer":{"kind":"orders"}}', TRUE, 0, '2026-01-01 00:00:00');
