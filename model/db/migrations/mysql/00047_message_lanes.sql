-- +goose Up
-- A message that waits names its lane, one that has ended names none. The index before had both under one channel and purpose, those
-- that have ended first, and the server may read the index from its beginning, over every message ever sent.

ALTER TABLE messages ADD COLUMN lane VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL;
UPDATE messages SET lane = CONCAT(channel, ':', purpose) WHERE due_at IS NOT NULL;
CREATE INDEX messages_lane ON messages (lane, due_at, id);
DROP INDEX messages_due ON messages;
