-- +goose Up
-- Free tiers: levels, the scheme by which they are earned and kept, where each member stands and how he got there.

CREATE TABLE tier_schemes (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  metric      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  period      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  keep_months INT         NOT NULL,
  on_end      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  grace_days  INT         NOT NULL,
  warn_days   INT         NOT NULL,
  created_by  BIGINT      NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  CHECK (keep_months >= 1 AND grace_days >= 0 AND warn_days >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tier_levels (
  id                   BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id            VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name                 VARCHAR(60)  NOT NULL,
  threshold            BIGINT       NOT NULL,
  points_multiplier_bp BIGINT       NOT NULL,
  benefits             VARCHAR(2000) NOT NULL,
  icon                 VARCHAR(512) NOT NULL,
  gift_template        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  created_by           BIGINT       NOT NULL,
  created_at           DATETIME(6)  NOT NULL,
  CHECK (threshold >= 0),
  CHECK (points_multiplier_bp >= 10000),
  UNIQUE KEY tier_levels_public (public_id),
  UNIQUE KEY tier_levels_threshold (threshold)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE member_tiers (
  member_id    BIGINT      NOT NULL PRIMARY KEY,
  level_id     BIGINT      NOT NULL,
  since        DATETIME(6) NOT NULL,
  valid_until  DATETIME(6) NOT NULL,
  basis        BIGINT      NOT NULL,
  basis_from   DATETIME(6) NOT NULL,
  basis_at     DATETIME(6) NOT NULL,
  refunded     BIGINT      NOT NULL,
  seq          BIGINT      NOT NULL,
  warned_until DATETIME(6) NULL,
  locked_until DATETIME(6) NULL,
  CHECK (basis >= 0 AND refunded >= 0 AND seq >= 1),
  KEY member_tiers_level (level_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tier_moves (
  member_id   BIGINT       NOT NULL,
  seq         BIGINT       NOT NULL,
  from_level  BIGINT       NOT NULL,
  to_level    BIGINT       NOT NULL,
  reason      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  metric      BIGINT       NOT NULL,
  valid_until DATETIME(6)  NOT NULL,
  staff_id    BIGINT       NOT NULL,
  note        VARCHAR(200) NOT NULL,
  at          DATETIME(6)  NOT NULL,
  CHECK (seq >= 1),
  PRIMARY KEY (member_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tier_reaches (
  member_id     BIGINT      NOT NULL,
  level_id      BIGINT      NOT NULL,
  gift_template VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at            DATETIME(6) NOT NULL,
  PRIMARY KEY (member_id, level_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tier_passes (
  id           BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  after_member BIGINT      NOT NULL,
  members      BIGINT      NOT NULL,
  moved        BIGINT      NOT NULL,
  started_at   DATETIME(6) NOT NULL,
  done_at      DATETIME(6) NULL,
  UNIQUE KEY tier_passes_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
