-- +goose Up
-- Codes sent to phones, the brakes on asking for them, the runs that compare our followers with WeChat's list; and where a merged points
-- account stood.

ALTER TABLE points_merges ADD COLUMN from_seq INTEGER NOT NULL DEFAULT 0;

-- One code at a time for a member and a number. Neither is readable here.
CREATE TABLE phone_codes (
  id           INTEGER  PRIMARY KEY AUTOINCREMENT,
  member_id    INTEGER  NOT NULL,
  phone_index  TEXT     NOT NULL,
  phone_cipher TEXT     NOT NULL,
  code_hash    TEXT     NOT NULL,
  failures     INTEGER  NOT NULL,
  created_at   DATETIME NOT NULL,
  expires_at   DATETIME NOT NULL,
  used_at      DATETIME NULL,
  CHECK (failures >= 0)
);
CREATE INDEX phone_codes_member ON phone_codes (member_id, id);
CREATE INDEX phone_codes_expires ON phone_codes (expires_at);

-- How often codes were asked for, by the hash of who or where from, and the beginning of the span.
CREATE TABLE phone_code_asks (
  key_hash TEXT     NOT NULL PRIMARY KEY,
  asked    INTEGER  NOT NULL,
  ends_at  DATETIME NOT NULL,
  CHECK (asked >= 0)
);
CREATE INDEX phone_code_asks_ends ON phone_code_asks (ends_at);

CREATE TABLE follower_syncs (
  id         INTEGER  PRIMARY KEY AUTOINCREMENT,
  name       TEXT     NOT NULL,
  staff_id   INTEGER  NOT NULL,
  state      TEXT     NOT NULL,
  next_open  TEXT     NOT NULL,
  checked    INTEGER  NOT NULL,
  listed     INTEGER  NOT NULL,
  followed   INTEGER  NOT NULL,
  unfollowed INTEGER  NOT NULL,
  learnt     INTEGER  NOT NULL,
  problem    TEXT     NOT NULL,
  started_at DATETIME NOT NULL,
  done_at    DATETIME NULL,
  CHECK (listed >= 0 AND followed >= 0 AND unfollowed >= 0 AND learnt >= 0)
);
CREATE UNIQUE INDEX follower_syncs_name ON follower_syncs (name);
CREATE INDEX follower_syncs_state ON follower_syncs (state, id);

-- When an identity was last seen in WeChat's list, as the id of the run that saw it.
ALTER TABLE member_openids ADD COLUMN synced_in INTEGER NOT NULL DEFAULT 0;
