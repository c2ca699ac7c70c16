-- +goose Up
-- Coupons on birthdays and for levels and tags; tags of members, kept in step with those of the official account.

ALTER TABLE coupon_rules ADD COLUMN days_before BIGINT NOT NULL DEFAULT 0 CHECK (days_before >= 0);
ALTER TABLE coupon_templates ADD COLUMN audience_of VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';

-- How far a rule has come with the birthdays of a day.
CREATE TABLE coupon_birthday_days (
  rule_id       BIGINT NOT NULL,
  day           CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cursor_member BIGINT NOT NULL,
  given         BIGINT NOT NULL,
  refused       BIGINT NOT NULL,
  done_at       DATETIME(6) NULL,
  PRIMARY KEY (rule_id, day),
  CHECK (given >= 0 AND refused >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tags (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name        VARCHAR(64) NOT NULL,
  live_name   VARCHAR(64) NULL,
  note        VARCHAR(200) NOT NULL,
  shared      BOOLEAN NOT NULL,
  wechat_id   BIGINT NULL,
  wechat_name VARCHAR(64) NOT NULL,
  synced_at   DATETIME(6) NULL,
  problem     VARCHAR(200) NOT NULL,
  created_by  BIGINT NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  updated_at  DATETIME(6) NOT NULL,
  ended_at    DATETIME(6) NULL,
  UNIQUE KEY tags_public_id (public_id),
  UNIQUE KEY tags_live_name (live_name),
  UNIQUE KEY tags_wechat_id (wechat_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row for a member and a tag that one of the two sides has, or had at their last meeting.
CREATE TABLE member_tags (
  tag_id     BIGINT NOT NULL,
  member_id  BIGINT NOT NULL,
  present    BOOLEAN NOT NULL,
  at_wechat  BOOLEAN NOT NULL,
  tagged_by  BIGINT NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (tag_id, member_id),
  KEY member_tags_present (tag_id, present, member_id),
  KEY member_tags_member (member_id, present)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tag_syncs (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  slot          BIGINT NULL,
  started_by    BIGINT NOT NULL,
  started_at    DATETIME(6) NOT NULL,
  leased_until  DATETIME(6) NOT NULL,
  ended_at      DATETIME(6) NULL,
  state         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tags          BIGINT NOT NULL,
  added_here    BIGINT NOT NULL,
  removed_here  BIGINT NOT NULL,
  added_there   BIGINT NOT NULL,
  removed_there BIGINT NOT NULL,
  strangers     BIGINT NOT NULL,
  refused       BIGINT NOT NULL,
  problem       VARCHAR(200) NOT NULL,
  UNIQUE KEY tag_syncs_slot (slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
