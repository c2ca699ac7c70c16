-- +goose Up
-- What people agreed to and what they do not want: one row per one-time consent, open customer-service windows, do-not-contact, and how
-- much each member got on each day.

CREATE TABLE message_consents (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT       NOT NULL,
  app_id      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  granted_at  DATETIME(6)  NOT NULL,
  message_id  BIGINT       NULL,
  used_at     DATETIME(6)  NULL,
  cleared_at  DATETIME(6)  NULL,
  cleared_why VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  UNIQUE KEY message_consents_source (source),
  KEY message_consents_open (app_id, open_id, template_id, state, id),
  KEY message_consents_member (member_id, id),
  KEY message_consents_template (template_id, state, member_id),
  KEY message_consents_message (message_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE message_windows (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  open_id   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  opened_at DATETIME(6) NOT NULL,
  closes_at DATETIME(6) NOT NULL,
  remaining BIGINT      NOT NULL,
  CHECK (remaining >= 0),
  UNIQUE KEY message_windows_kind (open_id, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE message_days (
  id        BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id BIGINT      NOT NULL,
  day       DATE        NOT NULL,
  purpose   VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sent      BIGINT      NOT NULL,
  CHECK (sent >= 0),
  UNIQUE KEY message_days_day (member_id, day, purpose)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE do_not_contacts (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT       NOT NULL,
  scope       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  reason      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  note        VARCHAR(200) NOT NULL DEFAULT '',
  staff_id    BIGINT       NOT NULL DEFAULT 0,
  open_key    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  since       DATETIME(6)  NOT NULL,
  lifted_at   DATETIME(6)  NULL,
  lifted_by   BIGINT       NOT NULL DEFAULT 0,
  lifted_note VARCHAR(200) NOT NULL DEFAULT '',
  UNIQUE KEY do_not_contacts_open (open_key),
  KEY do_not_contacts_member (member_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
