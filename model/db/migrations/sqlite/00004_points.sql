-- +goose Up
-- The points ledger: entries that are only added, lots that expire, links that say which entry took from which lot.

CREATE TABLE points_accounts (
  member_id     INTEGER  NOT NULL PRIMARY KEY,
  active        INTEGER  NOT NULL,
  pending       INTEGER  NOT NULL,
  held          INTEGER  NOT NULL,
  earned_total  INTEGER  NOT NULL,
  spent_total   INTEGER  NOT NULL,
  expired_total INTEGER  NOT NULL,
  seq           INTEGER  NOT NULL,
  due_at        DATETIME NOT NULL,
  CHECK (active >= 0),
  CHECK (pending >= 0),
  CHECK (held >= 0),
  CHECK (earned_total >= 0),
  CHECK (spent_total >= 0),
  CHECK (expired_total >= 0),
  CHECK (seq >= 0)
);
CREATE INDEX points_accounts_due ON points_accounts (due_at, member_id);

CREATE TABLE points_entries (
  member_id     INTEGER  NOT NULL,
  seq           INTEGER  NOT NULL,
  kind          TEXT     NOT NULL,
  reason        TEXT     NOT NULL,
  source        TEXT     NOT NULL,
  delta         INTEGER  NOT NULL,
  balance_after INTEGER  NOT NULL,
  reverses_seq  INTEGER,
  note          TEXT     NOT NULL,
  staff_id      INTEGER  NOT NULL,
  at            DATETIME NOT NULL,
  PRIMARY KEY (member_id, seq),
  UNIQUE (source, reason),
  CHECK (seq >= 1),
  CHECK (delta <> 0),
  CHECK (balance_after >= 0)
) WITHOUT ROWID;

CREATE TABLE points_lots (
  id          INTEGER  PRIMARY KEY AUTOINCREMENT,
  member_id   INTEGER  NOT NULL,
  seq         INTEGER  NOT NULL,
  granted     INTEGER  NOT NULL,
  remaining   INTEGER  NOT NULL,
  active_from DATETIME NOT NULL,
  expires_at  DATETIME NOT NULL,
  state       TEXT     NOT NULL,
  UNIQUE (member_id, seq),
  CHECK (granted > 0),
  CHECK (remaining >= 0),
  CHECK (remaining <= granted),
  CHECK (active_from < expires_at)
);
CREATE INDEX points_lots_open ON points_lots (member_id, state, expires_at, seq);

CREATE TABLE points_consumptions (
  member_id INTEGER NOT NULL,
  entry_seq INTEGER NOT NULL,
  lot_seq   INTEGER NOT NULL,
  amount    INTEGER NOT NULL,
  returned  INTEGER NOT NULL,
  PRIMARY KEY (member_id, entry_seq, lot_seq),
  CHECK (amount <> 0),
  CHECK (returned >= 0),
  CHECK (returned = 0 OR returned <= amount)
) WITHOUT ROWID;

CREATE TABLE points_holds (
  member_id INTEGER  NOT NULL,
  entry_seq INTEGER  NOT NULL,
  source    TEXT     NOT NULL UNIQUE,
  points    INTEGER  NOT NULL,
  state     TEXT     NOT NULL,
  held_at   DATETIME NOT NULL,
  closed_at DATETIME,
  PRIMARY KEY (member_id, entry_seq),
  CHECK (points > 0)
) WITHOUT ROWID;
