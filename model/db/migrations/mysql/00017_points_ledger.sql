-- +goose Up
-- The points ledger: debt, lots that wait for an action, clawbacks, merged accounts, adjustments that a second person approves.

ALTER TABLE points_accounts ADD COLUMN debt BIGINT NOT NULL DEFAULT 0 CHECK (debt >= 0);

ALTER TABLE points_lots ADD COLUMN awaiting BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE points_lots ADD COLUMN expiry VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
ALTER TABLE points_lots ADD COLUMN extended_by BIGINT NOT NULL DEFAULT 0;

CREATE TABLE points_clawbacks (
  source      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  member_id   BIGINT       NOT NULL,
  earn_source VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  policy      VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asked       BIGINT       NOT NULL,
  points      BIGINT       NOT NULL,
  taken       BIGINT       NOT NULL,
  owed        BIGINT       NOT NULL,
  waived      BIGINT       NOT NULL,
  entry_seq   BIGINT       NULL,
  at          DATETIME(6)  NOT NULL,
  CHECK (asked > 0),
  CHECK (points >= 0 AND points <= asked),
  CHECK (taken >= 0 AND owed >= 0 AND waived >= 0),
  CHECK (points = taken + owed + waived),
  KEY points_clawbacks_earn (earn_source),
  KEY points_clawbacks_member (member_id, entry_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_merges (
  from_member BIGINT      NOT NULL PRIMARY KEY,
  to_member   BIGINT      NOT NULL,
  staff_id    BIGINT      NOT NULL,
  at          DATETIME(6) NOT NULL,
  CHECK (from_member <> to_member),
  KEY points_merges_to (to_member)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE points_adjustments (
  id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  member_id     BIGINT       NOT NULL,
  points        BIGINT       NOT NULL,
  code          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  note          VARCHAR(200) NOT NULL,
  expires_at    DATETIME(6)  NULL,
  staff_id      BIGINT       NOT NULL,
  day           DATE         NOT NULL,
  needs_second  BOOLEAN      NOT NULL,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  decided_by    BIGINT       NOT NULL,
  decided_at    DATETIME(6)  NULL,
  decision_note VARCHAR(200) NOT NULL,
  entry_seq     BIGINT       NULL,
  created_at    DATETIME(6)  NOT NULL,
  CHECK (points <> 0),
  CHECK (decided_by = 0 OR decided_by <> staff_id),
  KEY points_adjustments_state (state, id),
  KEY points_adjustments_member (member_id, entry_seq),
  KEY points_adjustments_day (staff_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How much one member of staff has adjusted on one business day; a conditional UPDATE keeps the cap.
CREATE TABLE points_adjust_days (
  staff_id BIGINT NOT NULL,
  day      DATE   NOT NULL,
  points   BIGINT NOT NULL,
  CHECK (points >= 0),
  PRIMARY KEY (staff_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Adjustments of before: they had no code and no second person.
INSERT INTO points_adjustments (member_id, points, code, note, expires_at, staff_id, day, needs_second, state, decided_by, decided_at, decision_note, entry_seq, created_at)
SELECT member_id, delta, 'other', note, NULL, staff_id, DATE(DATE_ADD(at, INTERVAL 8 HOUR)), FALSE, 'applied', 0, NULL, '', seq, at
FROM points_entries WHERE reason = 'adjust' AND kind IN ('earn', 'spend');

INSERT INTO points_adjust_days (staff_id, day, points)
SELECT staff_id, day, SUM(ABS(points)) FROM points_adjustments GROUP BY staff_id, day;
