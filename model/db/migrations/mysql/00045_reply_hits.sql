-- +goose Up
-- How often each reply was the one for what somebody did: a row per push, for as long as pushes are kept, and a count per day.

CREATE TABLE reply_hits (
  id         BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  dedupe_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rule_id    BIGINT      NOT NULL,
  day        DATE        NOT NULL,
  at         DATETIME(6) NOT NULL,
  UNIQUE KEY reply_hits_dedupe_key (dedupe_key),
  KEY reply_hits_day (day, rule_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE reply_days (
  rule_id BIGINT NOT NULL,
  day     DATE   NOT NULL,
  hits    BIGINT NOT NULL,
  CHECK (hits >= 0),
  PRIMARY KEY (rule_id, day),
  KEY reply_days_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
