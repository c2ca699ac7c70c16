-- +goose Up
-- Plans of visits after a sale, the visits' own course, and the list of things that staff do by hand.

CREATE TABLE visit_plans (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL,
  trigger_on TEXT NOT NULL,
  state      TEXT NOT NULL,
  -- Equal to trigger_on while the plan is active, so that one plan at a time begins at a trigger.
  active_on  TEXT UNIQUE,
  version    INTEGER NOT NULL,
  created_by INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL,
  CHECK (version >= 1),
  CHECK ((state = 'active') = (active_on IS NOT NULL))
);

-- What a plan says; never changed, so that a visit keeps the terms under which it was planned.
CREATE TABLE visit_plan_versions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  plan_id    INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  terms      TEXT NOT NULL,
  created_by INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  CHECK (version >= 1),
  UNIQUE (plan_id, version)
);

-- The plan that every shop begins with: one visit at the scan of the parcel.
INSERT INTO visit_plans (id, name, trigger_on, state, active_on, version, created_by, created_at, updated_at)
  VALUES (1, '扫码首访', 'scan', 'active', 'scan', 1, 0, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z');
INSERT INTO visit_plan_versions (id, plan_id, version, terms, created_by, created_at)
  VALUES (1, 1, 1, '{"cooling_days":0,"max_late_days":3,"stop":["refunded","unfollowed"],"visits":[{"delay_minutes":0,"from_minute":0,"to_minute":1440,"channels":["oa_template"],"purpose":"service","template":"visit1","share_bp":10000}]}', 0, '2026-01-01T00:00:00.000000Z');

ALTER TABLE visits ADD COLUMN plan_version_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN trigger_at DATETIME;
ALTER TABLE visits ADD COLUMN wait_until DATETIME;
ALTER TABLE visits ADD COLUMN sent_at DATETIME;
ALTER TABLE visits ADD COLUMN ended_at DATETIME;
ALTER TABLE visits ADD COLUMN result TEXT NOT NULL DEFAULT '';
UPDATE visits SET plan_version_id = 1, trigger_at = created_at, sent_at = CASE WHEN state = 'queued' THEN created_at END,
  ended_at = CASE WHEN state = 'skipped' THEN created_at END, state = CASE WHEN state = 'queued' THEN 'sent' ELSE state END;
CREATE INDEX visits_sent ON visits (member_id, sent_at);

CREATE TABLE staff_tasks (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL,
  source     TEXT NOT NULL UNIQUE,
  member_id  INTEGER NOT NULL,
  order_id   INTEGER NOT NULL DEFAULT 0,
  due_day    TEXT NOT NULL,
  store      TEXT NOT NULL DEFAULT '',
  staff_id   INTEGER NOT NULL DEFAULT 0,
  title      TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  result     TEXT NOT NULL DEFAULT '',
  note       TEXT NOT NULL DEFAULT '',
  opened_by  INTEGER NOT NULL DEFAULT 0,
  closed_by  INTEGER NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL,
  taken_at   DATETIME,
  closed_at  DATETIME,
  CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
  CHECK ((state = 'closed') = (result <> ''))
);
CREATE INDEX staff_tasks_due ON staff_tasks (state, due_day, id);
CREATE INDEX staff_tasks_member ON staff_tasks (member_id, state);
