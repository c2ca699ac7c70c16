-- +goose Up
-- The outbox takes several channels: a message keeps the order in which they are tried and whose turn it is, knows by itself when a
-- worker is to look at it next, and every attempt says by which channel it was made and what became of it.

ALTER TABLE messages ADD COLUMN purpose VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'service';
ALTER TABLE messages ADD COLUMN channels VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'oa_template';
ALTER TABLE messages ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN fell VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN not_after DATETIME(6) NULL;
ALTER TABLE messages ADD COLUMN due_at DATETIME(6) NULL;
ALTER TABLE messages MODIFY COLUMN msg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
UPDATE messages SET tries = attempts;
UPDATE messages SET due_at = COALESCE(not_before, created_at) WHERE state IN ('queued', 'sending');
CREATE INDEX messages_due ON messages (channel, purpose, due_at, id);

ALTER TABLE message_attempts ADD COLUMN channel VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'oa_template';
ALTER TABLE message_attempts ADD COLUMN client_msg_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
ALTER TABLE message_attempts ADD COLUMN msg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL;
ALTER TABLE message_attempts ADD COLUMN report VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
UPDATE message_attempts SET client_msg_id = (SELECT m.client_msg_id FROM messages m WHERE m.id = message_attempts.message_id);
UPDATE message_attempts SET msg_id = (SELECT m.msg_id FROM messages m WHERE m.id = message_attempts.message_id) WHERE outcome = 'accepted';
UPDATE message_attempts SET report = (SELECT m.state FROM messages m WHERE m.id = message_attempts.message_id)
  WHERE outcome = 'accepted' AND EXISTS (
    SELECT 1 FROM messages m WHERE m.id = message_attempts.message_id AND m.state IN ('delivered', 'blocked', 'failed'));
CREATE INDEX message_attempts_msg_id ON message_attempts (msg_id);

ALTER TABLE message_reports MODIFY COLUMN msg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL;
