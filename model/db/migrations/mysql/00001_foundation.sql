-- +goose Up
-- What every capability stands on: idempotency keys, jobs, the timetable, facts, the staff trail.

CREATE TABLE idempotency_keys (
  key_hash     CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  request_hash CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reply        MEDIUMTEXT  NOT NULL,
  created_at   DATETIME(6) NOT NULL,
  KEY idempotency_keys_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE jobs (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unique_key  VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  args        MEDIUMTEXT   NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  run_at      DATETIME(6)  NOT NULL,
  attempts    INT          NOT NULL DEFAULT 0,
  lease_owner VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  lease_until DATETIME(6)  NULL,
  last_error  TEXT         NOT NULL,
  created_at  DATETIME(6)  NOT NULL,
  finished_at DATETIME(6)  NULL,
  CHECK (attempts >= 0),
  UNIQUE KEY jobs_unique_key (unique_key),
  KEY jobs_due (state, run_at, id),
  KEY jobs_lease (state, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE timetable (
  name     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  next_run DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE facts (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fact_key    VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body        MEDIUMTEXT   NOT NULL,
  happened_at DATETIME(6)  NOT NULL,
  UNIQUE KEY facts_fact_key (fact_key),
  KEY facts_name (name, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit_trail (
  id        BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  staff_id  BIGINT       NOT NULL,
  action    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ref       VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail    MEDIUMTEXT   NOT NULL,
  at        DATETIME(6)  NOT NULL,
  prev_hash CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hash      CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  UNIQUE KEY audit_trail_hash (hash),
  KEY audit_trail_ref (ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit_head (
  id   BIGINT   NOT NULL PRIMARY KEY,
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO audit_head (id, hash) VALUES (1, '');
