-- +goose Up
-- Coupons on birthdays and for levels and tags; tags of members, kept in step with those of the official account.

ALTER TABLE coupon_rules ADD COLUMN days_before INTEGER NOT NULL DEFAULT 0 CHECK (days_before >= 0);
ALTER TABLE coupon_templates ADD COLUMN audience_of TEXT NOT NULL DEFAULT '';

-- How far a rule has come with the birthdays of a day.
CREATE TABLE coupon_birthday_days (
  rule_id       INTEGER NOT NULL,
  day           TEXT NOT NULL,
  cursor_member INTEGER NOT NULL,
  given         INTEGER NOT NULL,
  refused       INTEGER NOT NULL,
  done_at       DATETIME NULL,
  PRIMARY KEY (rule_id, day),
  CHECK (given >= 0 AND refused >= 0)
);

CREATE TABLE tags (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL,
  name        TEXT NOT NULL,
  live_name   TEXT NULL,
  note        TEXT NOT NULL,
  shared      BOOLEAN NOT NULL,
  wechat_id   INTEGER NULL,
  wechat_name TEXT NOT NULL,
  synced_at   DATETIME NULL,
  problem     TEXT NOT NULL,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  updated_at  DATETIME NOT NULL,
  ended_at    DATETIME NULL
);
CREATE UNIQUE INDEX tags_public_id ON tags (public_id);
CREATE UNIQUE INDEX tags_live_name ON tags (live_name);
CREATE UNIQUE INDEX tags_wechat_id ON tags (wechat_id);

-- One row for a member and a tag that one of the two sides has, or had at their last meeting.
CREATE TABLE member_tags (
  tag_id     INTEGER NOT NULL,
  member_id  INTEGER NOT NULL,
  present    BOOLEAN NOT NULL,
  at_wechat  BOOLEAN NOT NULL,
  tagged_by  INTEGER NOT NULL,
  changed_at DATETIME NOT NULL,
  PRIMARY KEY (tag_id, member_id)
);
CREATE INDEX member_tags_present ON member_tags (tag_id, present, member_id);
CREATE INDEX member_tags_member ON member_tags (member_id, present);

CREATE TABLE tag_syncs (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  slot          INTEGER NULL,
  started_by    INTEGER NOT NULL,
  started_at    DATETIME NOT NULL,
  leased_until  DATETIME NOT NULL,
  ended_at      DATETIME NULL,
  state         TEXT NOT NULL,
  tags          INTEGER NOT NULL,
  added_here    INTEGER NOT NULL,
  removed_here  INTEGER NOT NULL,
  added_there   INTEGER NOT NULL,
  removed_there INTEGER NOT NULL,
  strangers     INTEGER NOT NULL,
  refused       INTEGER NOT NULL,
  problem       TEXT NOT NULL
);
CREATE UNIQUE INDEX tag_syncs_slot ON tag_syncs (slot);
