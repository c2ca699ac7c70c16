-- +goose Up
-- Plans of visits after a sale, the visits' own course, and the list of things that staff do by hand.

CREATE TABLE visit_plans (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name       VARCHAR(64)  NOT NULL,
  trigger_on VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  -- Equal to trigger_on while the plan is active, so that one plan at a time begins at a trigger.
  active_on  VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  version    BIGINT       NOT NULL,
  created_by BIGINT       NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  updated_at DATETIME(6)  NOT NULL,
  CHECK (version >= 1),
  CHECK ((state = 'active') = (active_on IS NOT NULL)),
  UNIQUE KEY visit_plans_active_on (active_on)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a plan says; never changed, so that a visit keeps the terms under which it was planned.
CREATE TABLE visit_plan_versions (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  plan_id    BIGINT       NOT NULL,
  version    BIGINT       NOT NULL,
  terms      TEXT         NOT NULL,
  created_by BIGINT       NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  CHECK (version >= 1),
  UNIQUE KEY visit_plan_versions_version (plan_id, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The plan that every shop begins with: one visit at the scan of the parcel.
INSERT INTO visit_plans (id, name, trigger_on, state, active_on, version, created_by, created_at, updated_at)
  VALUES (1, '扫码首访', 'scan', 'active', 'scan', 1, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
INSERT INTO visit_plan_versions (id, plan_id, version, terms, created_by, created_at)
  VALUES (1, 1, 1, '{"cooling_days":0,"max_late_days":3,"stop":["refunded","unfollowed"],"visits":[{"delay_minutes":0,"from_minute":0,"to_minute":1440,"channels":["oa_template"],"purpose":"service","template":"visit1","share_bp":10000}]}', 0, '2026-01-01 00:00:00');

ALTER TABLE visits ADD COLUMN plan_version_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN trigger_at DATETIME(6) NULL;
ALTER TABLE visits ADD COLUMN wait_until DATETIME(6) NULL;
ALTER TABLE visits ADD COLUMN sent_at DATETIME(6) NULL;
ALTER TABLE visits ADD COLUMN ended_at DATETIME(6) NULL;
ALTER TABLE visits ADD COLUMN result VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
-- MySQL assigns from left to right: the state last, because the others look at it.
UPDATE visits SET plan_version_id = 1, trigger_at = created_at, sent_at = CASE WHEN state = 'queued' THEN created_at END,
  ended_at = CASE WHEN state = 'skipped' THEN created_at END, state = CASE WHEN state = 'queued' THEN 'sent' ELSE state END;
CREATE INDEX visits_sent ON visits (member_id, sent_at);

CREATE TABLE staff_tasks (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id  BIGINT       NOT NULL,
  order_id   BIGINT       NOT NULL DEFAULT 0,
  due_day    DATE         NOT NULL,
  store      VARCHAR(64)  NOT NULL DEFAULT '',
  staff_id   BIGINT       NOT NULL DEFAULT 0,
  title      VARCHAR(100) NOT NULL,
  detail     VARCHAR(1000) NOT NULL DEFAULT '',
  result     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  note       VARCHAR(500) NOT NULL DEFAULT '',
  opened_by  BIGINT       NOT NULL DEFAULT 0,
  closed_by  BIGINT       NOT NULL DEFAULT 0,
  created_at DATETIME(6)  NOT NULL,
  taken_at   DATETIME(6)  NULL,
  closed_at  DATETIME(6)  NULL,
  CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
  CHECK ((state = 'closed') = (result <> '')),
  UNIQUE KEY staff_tasks_source (source),
  KEY staff_tasks_due (state, due_day, id),
  KEY staff_tasks_member (member_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
