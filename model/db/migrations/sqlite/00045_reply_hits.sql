-- +goose Up
-- How often each reply was the one for what somebody did: a row per push, for as long as pushes are kept, and a count per day.

CREATE TABLE reply_hits (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  dedupe_key TEXT NOT NULL UNIQUE,
  rule_id    INTEGER NOT NULL,
  day        DATE NOT NULL,
  at         DATETIME NOT NULL
);
CREATE INDEX reply_hits_day ON reply_hits (day, rule_id);

CREATE TABLE reply_days (
  rule_id INTEGER NOT NULL,
  day     DATE NOT NULL,
  hits    INTEGER NOT NULL,
  CHECK (hits >= 0),
  PRIMARY KEY (rule_id, day)
);
CREATE INDEX reply_days_day ON reply_days (day);
