-- +goose Up
-- What every capability stands on: idempotency keys, jobs, the timetable, facts, the staff trail.

CREATE TABLE idempotency_keys (
  key_hash     TEXT NOT NULL PRIMARY KEY,
  request_hash TEXT NOT NULL,
  reply        TEXT NOT NULL,
  created_at   DATETIME NOT NULL
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE jobs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  unique_key  TEXT UNIQUE,
  args        TEXT NOT NULL,
  state       TEXT NOT NULL,
  run_at      DATETIME NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT NOT NULL DEFAULT '',
  lease_until DATETIME,
  last_error  TEXT NOT NULL DEFAULT '',
  created_at  DATETIME NOT NULL,
  finished_at DATETIME,
  CHECK (attempts >= 0)
);
CREATE INDEX jobs_due ON jobs (state, run_at, id);
CREATE INDEX jobs_lease ON jobs (state, lease_until);

CREATE TABLE timetable (
  name     TEXT NOT NULL PRIMARY KEY,
  next_run DATETIME NOT NULL
);

CREATE TABLE facts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  name        TEXT NOT NULL,
  fact_key    TEXT NOT NULL UNIQUE,
  body        TEXT NOT NULL,
  happened_at DATETIME NOT NULL
);
CREATE INDEX facts_name ON facts (name, id);

CREATE TABLE audit_trail (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  staff_id  INTEGER NOT NULL,
  action    TEXT NOT NULL,
  ref       TEXT NOT NULL,
  detail    TEXT NOT NULL,
  at        DATETIME NOT NULL,
  prev_hash TEXT NOT NULL,
  hash      TEXT NOT NULL UNIQUE
);
CREATE INDEX audit_trail_ref ON audit_trail (ref);

CREATE TABLE audit_head (
  id   INTEGER PRIMARY KEY,
  hash TEXT NOT NULL
);
INSERT INTO audit_head (id, hash) VALUES (1, '');
