-- +goose Up
-- Free tiers: levels, the scheme by which they are earned and kept, where each member stands and how he got there.

CREATE TABLE tier_schemes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  metric      TEXT NOT NULL,
  period      TEXT NOT NULL,
  keep_months INTEGER NOT NULL,
  on_end      TEXT NOT NULL,
  grace_days  INTEGER NOT NULL,
  warn_days   INTEGER NOT NULL,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  CHECK (keep_months >= 1 AND grace_days >= 0 AND warn_days >= 0)
);

CREATE TABLE tier_levels (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id            TEXT NOT NULL UNIQUE,
  name                 TEXT NOT NULL,
  threshold            INTEGER NOT NULL UNIQUE,
  points_multiplier_bp INTEGER NOT NULL,
  benefits             TEXT NOT NULL,
  icon                 TEXT NOT NULL,
  gift_template        TEXT NOT NULL DEFAULT '',
  created_by           INTEGER NOT NULL,
  created_at           DATETIME NOT NULL,
  CHECK (threshold >= 0),
  CHECK (points_multiplier_bp >= 10000)
);

CREATE TABLE member_tiers (
  member_id    INTEGER NOT NULL PRIMARY KEY,
  level_id     INTEGER NOT NULL,
  since        DATETIME NOT NULL,
  valid_until  DATETIME NOT NULL,
  basis        INTEGER NOT NULL,
  basis_from   DATETIME NOT NULL,
  basis_at     DATETIME NOT NULL,
  refunded     INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  warned_until DATETIME,
  locked_until DATETIME,
  CHECK (basis >= 0 AND refunded >= 0 AND seq >= 1)
);
CREATE INDEX member_tiers_level ON member_tiers (level_id);

CREATE TABLE tier_moves (
  member_id   INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  from_level  INTEGER NOT NULL,
  to_level    INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  metric      INTEGER NOT NULL,
  valid_until DATETIME NOT NULL,
  staff_id    INTEGER NOT NULL,
  note        TEXT NOT NULL,
  at          DATETIME NOT NULL,
  CHECK (seq >= 1),
  PRIMARY KEY (member_id, seq)
);

CREATE TABLE tier_reaches (
  member_id     INTEGER NOT NULL,
  level_id      INTEGER NOT NULL,
  gift_template TEXT NOT NULL,
  at            DATETIME NOT NULL,
  PRIMARY KEY (member_id, level_id)
);

CREATE TABLE tier_passes (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT NOT NULL UNIQUE,
  after_member INTEGER NOT NULL,
  members      INTEGER NOT NULL,
  moved        INTEGER NOT NULL,
  started_at   DATETIME NOT NULL,
  done_at      DATETIME
);
