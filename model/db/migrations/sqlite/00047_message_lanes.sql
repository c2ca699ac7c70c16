-- +goose Up
-- A message that waits names its lane, one that has ended names none. The index before had both under one channel and purpose, those
-- that have ended first, and the server may read the index from its beginning, over every message ever sent.

ALTER TABLE messages ADD COLUMN lane TEXT;
UPDATE messages SET lane = channel || ':' || purpose WHERE due_at IS NOT NULL;
CREATE INDEX messages_lane ON messages (lane, due_at, id);
DROP INDEX messages_due;
