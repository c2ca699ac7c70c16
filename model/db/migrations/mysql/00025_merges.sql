-- +goose Up
-- One person whom we know as two members: which of them went into which, why, every row that moved, and who asked for it.

ALTER TABLE members ADD COLUMN merged_into BIGINT NULL;
CREATE INDEX members_merged_into ON members (merged_into);

-- live is from_member while the two are one, so that nobody is merged into two at a time.
CREATE TABLE merges (
  id           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  from_member  BIGINT       NOT NULL,
  to_member    BIGINT       NOT NULL,
  live         BIGINT       NULL,
  cause        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason       VARCHAR(200) NOT NULL,
  asked_by     BIGINT       NOT NULL,
  decided_by   BIGINT       NOT NULL,
  at           DATETIME(6)  NOT NULL,
  split_at     DATETIME(6)  NULL,
  split_by     BIGINT       NOT NULL DEFAULT 0,
  split_reason VARCHAR(200) NOT NULL DEFAULT '',
  CHECK (from_member <> to_member),
  CHECK ((live IS NULL) = (split_at IS NOT NULL)),
  UNIQUE KEY merges_live (live),
  KEY merges_from (from_member),
  KEY merges_to (to_member)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One line per row that moved: which part of the shop's books, which row, and what else was changed about it.
CREATE TABLE merge_moves (
  id       BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  merge_id BIGINT       NOT NULL,
  part     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_key  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  was      TEXT         NOT NULL,
  at       DATETIME(6)  NOT NULL,
  back_at  DATETIME(6)  NULL,
  UNIQUE KEY merge_moves_row (merge_id, part, row_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who is, or once was, one person with whom. It says of rows of two members that they may name each other.
CREATE TABLE member_kin (
  member_id BIGINT NOT NULL,
  other_id  BIGINT NOT NULL,
  PRIMARY KEY (member_id, other_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What waits for staff. pending names the pair while nobody has decided, so that it waits once.
CREATE TABLE merge_requests (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  from_member   BIGINT       NOT NULL,
  to_member     BIGINT       NOT NULL,
  pending       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  cause         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason        VARCHAR(200) NOT NULL,
  asked_by      BIGINT       NOT NULL,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  decided_by    BIGINT       NOT NULL DEFAULT 0,
  decided_at    DATETIME(6)  NULL,
  decision_note VARCHAR(200) NOT NULL DEFAULT '',
  merge_id      BIGINT       NULL,
  created_at    DATETIME(6)  NOT NULL,
  CHECK (from_member <> to_member),
  CHECK (decided_by = 0 OR decided_by <> asked_by),
  CHECK ((pending IS NULL) = (decided_at IS NOT NULL)),
  UNIQUE KEY merge_requests_pending (pending),
  KEY merge_requests_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
