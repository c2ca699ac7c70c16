-- +goose Up
-- What people agreed to and what they do not want: one row per one-time consent, open customer-service windows, do-not-contact, and how
-- much each member got on each day.

CREATE TABLE message_consents (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER NOT NULL,
  app_id      TEXT NOT NULL,
  open_id     TEXT NOT NULL,
  template_id TEXT NOT NULL,
  source      TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL,
  granted_at  DATETIME NOT NULL,
  message_id  INTEGER,
  used_at     DATETIME,
  cleared_at  DATETIME,
  cleared_why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX message_consents_open ON message_consents (app_id, open_id, template_id, state, id);
CREATE INDEX message_consents_member ON message_consents (member_id, id);
CREATE INDEX message_consents_template ON message_consents (template_id, state, member_id);
CREATE INDEX message_consents_message ON message_consents (message_id);

CREATE TABLE message_windows (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  open_id    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  opened_at  DATETIME NOT NULL,
  closes_at  DATETIME NOT NULL,
  remaining  INTEGER NOT NULL,
  CHECK (remaining >= 0),
  UNIQUE (open_id, kind)
);

CREATE TABLE message_days (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id INTEGER NOT NULL,
  day       DATE NOT NULL,
  purpose   TEXT NOT NULL,
  sent      INTEGER NOT NULL,
  CHECK (sent >= 0),
  UNIQUE (member_id, day, purpose)
);

CREATE TABLE do_not_contacts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER NOT NULL,
  scope       TEXT NOT NULL,
  channel     TEXT NOT NULL DEFAULT '',
  reason      TEXT NOT NULL,
  note        TEXT NOT NULL DEFAULT '',
  staff_id    INTEGER NOT NULL DEFAULT 0,
  open_key    TEXT UNIQUE,
  since       DATETIME NOT NULL,
  lifted_at   DATETIME,
  lifted_by   INTEGER NOT NULL DEFAULT 0,
  lifted_note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX do_not_contacts_member ON do_not_contacts (member_id, id);
