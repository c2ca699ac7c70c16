-- +goose Up
-- The points ledger: debt, lots that wait for an action, clawbacks, merged accounts, adjustments that a second person approves.

ALTER TABLE points_accounts ADD COLUMN debt INTEGER NOT NULL DEFAULT 0 CHECK (debt >= 0);

ALTER TABLE points_lots ADD COLUMN awaiting BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE points_lots ADD COLUMN expiry TEXT NOT NULL DEFAULT '';
ALTER TABLE points_lots ADD COLUMN extended_by INTEGER NOT NULL DEFAULT 0;

CREATE TABLE points_clawbacks (
  source      TEXT NOT NULL PRIMARY KEY,
  member_id   INTEGER NOT NULL,
  earn_source TEXT NOT NULL,
  policy      TEXT NOT NULL,
  asked       INTEGER NOT NULL,
  points      INTEGER NOT NULL,
  taken       INTEGER NOT NULL,
  owed        INTEGER NOT NULL,
  waived      INTEGER NOT NULL,
  entry_seq   INTEGER NULL,
  at          DATETIME NOT NULL,
  CHECK (asked > 0),
  CHECK (points >= 0 AND points <= asked),
  CHECK (taken >= 0 AND owed >= 0 AND waived >= 0),
  CHECK (points = taken + owed + waived)
);
CREATE INDEX points_clawbacks_earn ON points_clawbacks (earn_source);
CREATE INDEX points_clawbacks_member ON points_clawbacks (member_id, entry_seq);

CREATE TABLE points_merges (
  from_member INTEGER NOT NULL PRIMARY KEY,
  to_member   INTEGER NOT NULL,
  staff_id    INTEGER NOT NULL,
  at          DATETIME NOT NULL,
  CHECK (from_member <> to_member)
);
CREATE INDEX points_merges_to ON points_merges (to_member);

CREATE TABLE points_adjustments (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  member_id     INTEGER NOT NULL,
  points        INTEGER NOT NULL,
  code          TEXT NOT NULL,
  note          TEXT NOT NULL,
  expires_at    DATETIME NULL,
  staff_id      INTEGER NOT NULL,
  day           TEXT NOT NULL,
  needs_second  BOOLEAN NOT NULL,
  state         TEXT NOT NULL,
  decided_by    INTEGER NOT NULL,
  decided_at    DATETIME NULL,
  decision_note TEXT NOT NULL,
  entry_seq     INTEGER NULL,
  created_at    DATETIME NOT NULL,
  CHECK (points <> 0),
  CHECK (decided_by = 0 OR decided_by <> staff_id)
);
CREATE INDEX points_adjustments_state ON points_adjustments (state, id);
CREATE INDEX points_adjustments_member ON points_adjustments (member_id, entry_seq);
CREATE INDEX points_adjustments_day ON points_adjustments (staff_id, day);

-- How much one member of staff has adjusted on one business day; a conditional UPDATE keeps the cap.
CREATE TABLE points_adjust_days (
  staff_id INTEGER NOT NULL,
  day      TEXT NOT NULL,
  points   INTEGER NOT NULL,
  CHECK (points >= 0),
  PRIMARY KEY (staff_id, day)
);

-- Adjustments of before: they had no code and no second person.
INSERT INTO points_adjustments (member_id, points, code, note, expires_at, staff_id, day, needs_second, state, decided_by, decided_at, decision_note, entry_seq, created_at)
SELECT member_id, delta, 'other', note, NULL, staff_id, DATE(at, '+8 hours'), FALSE, 'applied', 0, NULL, '', seq, at
FROM points_entries WHERE reason = 'adjust' AND kind IN ('earn', 'spend');

INSERT INTO points_adjust_days (staff_id, day, points)
SELECT staff_id, day, SUM(ABS(points)) FROM points_adjustments GROUP BY staff_id, day;
