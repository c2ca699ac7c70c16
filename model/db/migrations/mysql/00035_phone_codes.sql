-- +goose Up
-- Codes sent to phones, the brakes on asking for them, the runs that compare our followers with WeChat's list; and where a merged points
-- account stood.

ALTER TABLE points_merges ADD COLUMN from_seq BIGINT NOT NULL DEFAULT 0;

-- One code at a time for a member and a number. Neither is readable here.
CREATE TABLE phone_codes (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id    BIGINT       NOT NULL,
  phone_index  CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phone_cipher VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_hash    CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  failures     INT          NOT NULL,
  created_at   DATETIME(6)  NOT NULL,
  expires_at   DATETIME(6)  NOT NULL,
  used_at      DATETIME(6)  NULL,
  CHECK (failures >= 0),
  KEY phone_codes_member (member_id, id),
  KEY phone_codes_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How often codes were asked for, by the hash of who or where from, and the beginning of the span.
CREATE TABLE phone_code_asks (
  key_hash CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  asked    INT         NOT NULL,
  ends_at  DATETIME(6) NOT NULL,
  CHECK (asked >= 0),
  KEY phone_code_asks_ends (ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE follower_syncs (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  staff_id   BIGINT      NOT NULL,
  state      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_open  VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  checked    BIGINT      NOT NULL,
  listed     BIGINT      NOT NULL,
  followed   BIGINT      NOT NULL,
  unfollowed BIGINT      NOT NULL,
  learnt     BIGINT      NOT NULL,
  problem    VARCHAR(200) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  done_at    DATETIME(6) NULL,
  CHECK (listed >= 0 AND followed >= 0 AND unfollowed >= 0 AND learnt >= 0),
  UNIQUE KEY follower_syncs_name (name),
  KEY follower_syncs_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- When an identity was last seen in WeChat's list, as the id of the run that saw it.
ALTER TABLE member_openids ADD COLUMN synced_in BIGINT NOT NULL DEFAULT 0;
