-- +goose Up
-- Birthdays of members: one each, found by month and day.

CREATE TABLE member_birthdays (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id   BIGINT       NOT NULL,
  month_day   CHAR(5)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  year_cipher VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  version     BIGINT       NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  updated_at  DATETIME(6)  NOT NULL,
  CHECK (version >= 1),
  UNIQUE KEY member_birthdays_member (member_id),
  KEY member_birthdays_day (month_day, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
