-- +goose Up
-- Birthdays of members: one each, found by month and day.

CREATE TABLE member_birthdays (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL,
  member_id   INTEGER NOT NULL,
  month_day   TEXT NOT NULL,
  year_cipher TEXT,
  version     INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  updated_at  DATETIME NOT NULL,
  CHECK (version >= 1)
);
CREATE UNIQUE INDEX member_birthdays_member ON member_birthdays (member_id);
CREATE INDEX member_birthdays_day ON member_birthdays (month_day, member_id);
