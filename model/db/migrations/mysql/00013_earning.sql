-- +goose Up
-- Rules of earning points, which of them fired, points for actions (check-in, survey, review, birthday), and refunds of orders.

CREATE TABLE earning_rules (
  id               BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name             VARCHAR(64) NOT NULL,
  state            VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  stack_group      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  priority         BIGINT      NOT NULL,
  per_hundred_yuan BIGINT      NOT NULL,
  multiplier_bp    BIGINT      NOT NULL,
  bonus_points     BIGINT      NOT NULL,
  min_fen          BIGINT      NOT NULL,
  cap_order        BIGINT      NOT NULL,
  cap_day          BIGINT      NOT NULL,
  starts_at        DATETIME(6) NULL,
  ends_at          DATETIME(6) NULL,
  skus             TEXT        NOT NULL,
  categories       TEXT        NOT NULL,
  tiers            TEXT        NOT NULL,
  weekdays         TEXT        NOT NULL,
  from_hour        BIGINT      NOT NULL,
  to_hour          BIGINT      NOT NULL,
  first_order      BOOLEAN     NOT NULL,
  created_by       BIGINT      NOT NULL,
  created_at       DATETIME(6) NOT NULL,
  updated_at       DATETIME(6) NOT NULL,
  CHECK (per_hundred_yuan >= 0 AND multiplier_bp >= 0 AND bonus_points >= 0 AND min_fen >= 0 AND cap_order >= 0 AND cap_day >= 0),
  CHECK (from_hour >= 0 AND from_hour < to_hour AND to_hour <= 24),
  KEY earning_rules_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row: what holds for all rules. Its lock is taken before a rule is switched on.
CREATE TABLE earning_settings (
  id                 BIGINT      NOT NULL PRIMARY KEY,
  exclude_skus       TEXT        NOT NULL,
  exclude_categories TEXT        NOT NULL,
  cap_order          BIGINT      NOT NULL,
  cap_day            BIGINT      NOT NULL,
  updated_at         DATETIME(6) NOT NULL,
  CHECK (cap_order >= 0 AND cap_day >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO earning_settings VALUES (1, '[]', '[]', 0, 0, '2026-01-01 00:00:00');

CREATE TABLE earning_firings (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id BIGINT      NOT NULL,
  entry_seq BIGINT      NOT NULL,
  part      BIGINT      NOT NULL,
  kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rule_id   BIGINT      NOT NULL,
  points    BIGINT      NOT NULL,
  day       DATE        NOT NULL,
  CHECK (part >= 1),
  UNIQUE KEY earning_firings_part (member_id, entry_seq, part),
  KEY earning_firings_day (member_id, day),
  KEY earning_firings_rule (rule_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE earning_action_settings (
  action     VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  enabled    BOOLEAN     NOT NULL,
  ladder     TEXT        NOT NULL,
  per_day    BIGINT      NOT NULL,
  per_year   BIGINT      NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  CHECK (per_day >= 1 AND per_year >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO earning_action_settings VALUES
  ('check_in', TRUE, '[1,2,3,4,5,6,10]', 1, 0, '2026-01-01 00:00:00'),
  ('survey', TRUE, '[20]', 3, 0, '2026-01-01 00:00:00'),
  ('review', TRUE, '[10]', 3, 0, '2026-01-01 00:00:00'),
  ('birthday', TRUE, '[100]', 1, 1, '2026-01-01 00:00:00');

-- One row per rewarded action. For a check-in the ordinal is always 1: one per member and business day.
CREATE TABLE earning_actions (
  id        BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id BIGINT       NOT NULL,
  action    VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day       DATE         NOT NULL,
  ordinal   BIGINT       NOT NULL,
  source    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points    BIGINT       NOT NULL,
  entry_seq BIGINT       NULL,
  streak    BIGINT       NOT NULL,
  at        DATETIME(6)  NOT NULL,
  CHECK (ordinal >= 1 AND points >= 0 AND streak >= 1),
  UNIQUE KEY earning_actions_slot (member_id, action, day, ordinal),
  UNIQUE KEY earning_actions_source (member_id, action, source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE order_refunds (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id     BIGINT      NOT NULL,
  source       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refund_fen   BIGINT      NOT NULL,
  goods_fen    BIGINT      NOT NULL,
  points       BIGINT      NOT NULL,
  content_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refunded_at  DATETIME(6) NOT NULL,
  recorded_at  DATETIME(6) NOT NULL,
  CHECK (refund_fen >= 1 AND goods_fen >= 0 AND goods_fen <= refund_fen AND points >= 0),
  UNIQUE KEY order_refunds_number (source, number),
  KEY order_refunds_order (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE order_refund_lines (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  refund_id  BIGINT NOT NULL,
  line       BIGINT NOT NULL,
  quantity   BIGINT NOT NULL,
  refund_fen BIGINT NOT NULL,
  CHECK (line >= 1 AND quantity >= 0 AND refund_fen >= 0),
  UNIQUE KEY order_refund_lines_line (refund_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
