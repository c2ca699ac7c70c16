-- +goose Up
-- The points ledger: entries that are only added, lots that expire, links that say which entry took from which lot.

CREATE TABLE points_accounts (
  member_id     BIGINT      NOT NULL PRIMARY KEY,
  active        BIGINT      NOT NULL,
  pending       BIGINT      NOT NULL,
  held          BIGINT      NOT NULL,
  earned_total  BIGINT      NOT NULL,
  spent_total   BIGINT      NOT NULL,
  expired_total BIGINT      NOT NULL,
  seq           BIGINT      NOT NULL,
  due_at        DATETIME(6) NOT NULL,
  CHECK (active >= 0),
  CHECK (pending >= 0),
  CHECK (held >= 0),
  CHECK (earned_total >= 0),
  CHECK (spent_total >= 0),
  CHECK (expired_total >= 0),
  CHECK (seq >= 0),
  KEY points_accounts_due (due_at, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_entries (
  member_id     BIGINT       NOT NULL,
  seq           BIGINT       NOT NULL,
  kind          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source        VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  delta         BIGINT       NOT NULL,
  balance_after BIGINT       NOT NULL,
  reverses_seq  BIGINT       NULL,
  note          VARCHAR(200) NOT NULL,
  staff_id      BIGINT       NOT NULL,
  at            DATETIME(6)  NOT NULL,
  CHECK (seq >= 1),
  CHECK (delta <> 0),
  CHECK (balance_after >= 0),
  PRIMARY KEY (member_id, seq),
  UNIQUE KEY points_entries_source (source, reason)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_lots (
  id          BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id   BIGINT      NOT NULL,
  seq         BIGINT      NOT NULL,
  granted     BIGINT      NOT NULL,
  remaining   BIGINT      NOT NULL,
  active_from DATETIME(6) NOT NULL,
  expires_at  DATETIME(6) NOT NULL,
  state       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  CHECK (granted > 0),
  CHECK (remaining >= 0),
  CHECK (remaining <= granted),
  CHECK (active_from < expires_at),
  UNIQUE KEY points_lots_entry (member_id, seq),
  KEY points_lots_open (member_id, state, expires_at, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_consumptions (
  member_id BIGINT NOT NULL,
  entry_seq BIGINT NOT NULL,
  lot_seq   BIGINT NOT NULL,
  amount    BIGINT NOT NULL,
  returned  BIGINT NOT NULL,
  CHECK (amount <> 0),
  CHECK (returned >= 0),
  CHECK (returned = 0 OR returned <= amount),
  PRIMARY KEY (member_id, entry_seq, lot_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_holds (
  member_id BIGINT       NOT NULL,
  entry_seq BIGINT       NOT NULL,
  source    VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  points    BIGINT       NOT NULL,
  state     VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  held_at   DATETIME(6)  NOT NULL,
  closed_at DATETIME(6)  NULL,
  CHECK (points > 0),
  PRIMARY KEY (member_id, entry_seq),
  UNIQUE KEY points_holds_source (source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
