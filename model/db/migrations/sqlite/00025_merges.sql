-- +goose Up
-- One person whom we know as two members: which of them went into which, why, every row that moved, and who asked for it.

ALTER TABLE members ADD COLUMN merged_into INTEGER  NULL;
CREATE INDEX members_merged_into ON members (merged_into);

-- live is from_member while the two are one, so that nobody is merged into two at a time.
CREATE TABLE merges (
  id           INTEGER  PRIMARY KEY AUTOINCREMENT,
  from_member  INTEGER  NOT NULL,
  to_member    INTEGER  NOT NULL,
  live         INTEGER  NULL,
  cause        TEXT     NOT NULL,
  reason       TEXT     NOT NULL,
  asked_by     INTEGER  NOT NULL,
  decided_by   INTEGER  NOT NULL,
  at           DATETIME NOT NULL,
  split_at     DATETIME NULL,
  split_by     INTEGER  NOT NULL DEFAULT 0,
  split_reason TEXT     NOT NULL DEFAULT '',
  CHECK (from_member <> to_member),
  CHECK ((live IS NULL) = (split_at IS NOT NULL))
);
CREATE UNIQUE INDEX merges_live ON merges (live);
CREATE INDEX merges_from ON merges (from_member);
CREATE INDEX merges_to ON merges (to_member);

-- One line per row that moved: which part of the shop's books, which row, and what else was changed about it.
CREATE TABLE merge_moves (
  id       INTEGER  PRIMARY KEY AUTOINCREMENT,
  merge_id INTEGER  NOT NULL,
  part     TEXT     NOT NULL,
  row_key  TEXT     NOT NULL,
  was      TEXT         NOT NULL,
  at       DATETIME NOT NULL,
  back_at  DATETIME NULL
);
CREATE UNIQUE INDEX merge_moves_row ON merge_moves (merge_id, part, row_key);

-- Who is, or once was, one person with whom. It says of rows of two members that they may name each other.
CREATE TABLE member_kin (
  member_id INTEGER  NOT NULL,
  other_id  INTEGER  NOT NULL,
  PRIMARY KEY (member_id, other_id)
);

-- What waits for staff. pending names the pair while nobody has decided, so that it waits once.
CREATE TABLE merge_requests (
  id            INTEGER  PRIMARY KEY AUTOINCREMENT,
  from_member   INTEGER  NOT NULL,
  to_member     INTEGER  NOT NULL,
  pending       TEXT     NULL,
  cause         TEXT     NOT NULL,
  reason        TEXT     NOT NULL,
  asked_by      INTEGER  NOT NULL,
  state         TEXT     NOT NULL,
  decided_by    INTEGER  NOT NULL DEFAULT 0,
  decided_at    DATETIME NULL,
  decision_note TEXT     NOT NULL DEFAULT '',
  merge_id      INTEGER  NULL,
  created_at    DATETIME NOT NULL,
  CHECK (from_member <> to_member),
  CHECK (decided_by = 0 OR decided_by <> asked_by),
  CHECK ((pending IS NULL) = (decided_at IS NOT NULL))
);
CREATE UNIQUE INDEX merge_requests_pending ON merge_requests (pending);
CREATE INDEX merge_requests_state ON merge_requests (state, id);
