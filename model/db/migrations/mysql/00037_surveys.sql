-- +goose Up
-- Surveys: the questions, whom they were put to, what was answered.

CREATE TABLE surveys (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name       VARCHAR(64)  NOT NULL,
  intro      VARCHAR(500) NOT NULL,
  state      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  questions  TEXT         NOT NULL,
  created_by BIGINT       NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  updated_at DATETIME(6)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per person asked. The link's token is kept as a hash only.
CREATE TABLE survey_invitations (
  id              BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  survey_id       BIGINT       NOT NULL,
  member_id       BIGINT       NOT NULL,
  source          VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  order_id        BIGINT       NOT NULL DEFAULT 0,
  token_hash      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reward_points   BIGINT       NOT NULL DEFAULT 0,
  reward_template VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  created_at      DATETIME(6)  NOT NULL,
  expires_at      DATETIME(6)  NOT NULL,
  answered_at     DATETIME(6)  NULL,
  CHECK (reward_points >= 0),
  UNIQUE KEY survey_invitations_public_id (public_id),
  UNIQUE KEY survey_invitations_source (source),
  UNIQUE KEY survey_invitations_token_hash (token_hash),
  KEY survey_invitations_member (member_id, id),
  KEY survey_invitations_survey (survey_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE survey_answers (
  id            BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  invitation_id BIGINT      NOT NULL,
  survey_id     BIGINT      NOT NULL,
  member_id     BIGINT      NOT NULL,
  via           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  low           BOOLEAN     NOT NULL,
  reward        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  reward_reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  answered_at   DATETIME(6) NOT NULL,
  UNIQUE KEY survey_answers_invitation (invitation_id),
  KEY survey_answers_survey (survey_id, id),
  KEY survey_answers_member (member_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE survey_answer_items (
  id        BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
  answer_id BIGINT        NOT NULL,
  survey_id BIGINT        NOT NULL,
  question  BIGINT        NOT NULL,
  number    BIGINT        NOT NULL,
  text      VARCHAR(2000) NOT NULL DEFAULT '',
  CHECK (question >= 1 AND number >= 0),
  UNIQUE KEY survey_answer_items_question (answer_id, question),
  KEY survey_answer_items_survey (survey_id, question, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
