-- +goose Up
-- Surveys: the questions, whom they were put to, what was answered.

CREATE TABLE surveys (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL,
  intro      TEXT NOT NULL,
  state      TEXT NOT NULL,
  questions  TEXT NOT NULL,
  created_by INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);

-- One row per person asked. The link's token is kept as a hash only.
CREATE TABLE survey_invitations (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id       TEXT NOT NULL UNIQUE,
  survey_id       INTEGER NOT NULL,
  member_id       INTEGER NOT NULL,
  source          TEXT NOT NULL UNIQUE,
  order_id        INTEGER NOT NULL DEFAULT 0,
  token_hash      TEXT NOT NULL UNIQUE,
  reward_points   INTEGER NOT NULL DEFAULT 0,
  reward_template TEXT NOT NULL DEFAULT '',
  created_at      DATETIME NOT NULL,
  expires_at      DATETIME NOT NULL,
  answered_at     DATETIME,
  CHECK (reward_points >= 0)
);
CREATE INDEX survey_invitations_member ON survey_invitations (member_id, id);
CREATE INDEX survey_invitations_survey ON survey_invitations (survey_id, id);

CREATE TABLE survey_answers (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  invitation_id INTEGER NOT NULL UNIQUE,
  survey_id     INTEGER NOT NULL,
  member_id     INTEGER NOT NULL,
  via           TEXT NOT NULL,
  low           BOOLEAN NOT NULL,
  reward        TEXT NOT NULL DEFAULT '',
  reward_reason TEXT NOT NULL DEFAULT '',
  answered_at   DATETIME NOT NULL
);
CREATE INDEX survey_answers_survey ON survey_answers (survey_id, id);
CREATE INDEX survey_answers_member ON survey_answers (member_id, id);

CREATE TABLE survey_answer_items (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  answer_id INTEGER NOT NULL,
  survey_id INTEGER NOT NULL,
  question  INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  text      TEXT NOT NULL DEFAULT '',
  CHECK (question >= 1 AND number >= 0),
  UNIQUE (answer_id, question)
);
CREATE INDEX survey_answer_items_question ON survey_answer_items (survey_id, question, number);
