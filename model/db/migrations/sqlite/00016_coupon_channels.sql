-- +goose Up
-- The channels by which coupons reach members: codes, links, events, share packs, gifts between friends, bulk issues; and reminders.

-- Codes that were made together. Only hashes are kept; the codes themselves were exported once.
CREATE TABLE coupon_code_batches (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL,
  template_id INTEGER NOT NULL,
  quantity    INTEGER NOT NULL,
  note        TEXT NOT NULL,
  valid_until DATETIME NULL,
  key_hash    TEXT NULL,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  closed_at   DATETIME NULL,
  CHECK (quantity >= 1)
);
CREATE UNIQUE INDEX coupon_code_batches_public_id ON coupon_code_batches (public_id);
CREATE UNIQUE INDEX coupon_code_batches_key ON coupon_code_batches (key_hash);
CREATE INDEX coupon_code_batches_template ON coupon_code_batches (template_id, id);

CREATE TABLE coupon_codes (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  batch_id  INTEGER NOT NULL,
  code_hash TEXT NOT NULL,
  member_id INTEGER NULL,
  used_at   DATETIME NULL,
  CHECK ((member_id IS NULL) = (used_at IS NULL))
);
CREATE UNIQUE INDEX coupon_codes_hash ON coupon_codes (code_hash);
CREATE INDEX coupon_codes_batch ON coupon_codes (batch_id, used_at);

-- How often a member entered a code that does not exist.
CREATE TABLE coupon_code_tries (
  member_id INTEGER NOT NULL PRIMARY KEY,
  failures  INTEGER NOT NULL,
  last_at   DATETIME NOT NULL,
  next_at   DATETIME NOT NULL,
  CHECK (failures >= 0)
);

CREATE TABLE coupon_links (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  token       TEXT NOT NULL,
  template_id INTEGER NOT NULL,
  note        TEXT NOT NULL,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  closed_at   DATETIME NULL
);
CREATE UNIQUE INDEX coupon_links_token ON coupon_links (token);
CREATE INDEX coupon_links_template ON coupon_links (template_id, id);

-- Events that give a coupon or a pack to share. The platform forbids a reward for following, so the schema does too.
CREATE TABLE coupon_rules (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT NOT NULL,
  event       TEXT NOT NULL,
  template_id INTEGER NOT NULL,
  min_fen     INTEGER NOT NULL,
  rank        INTEGER NOT NULL,
  pack_size   INTEGER NOT NULL,
  pack_hours  INTEGER NOT NULL,
  created_by  INTEGER NOT NULL,
  created_at  DATETIME NOT NULL,
  ended_at    DATETIME NULL,
  CHECK (min_fen >= 0 AND pack_size >= 0 AND pack_hours >= 0),
  CHECK (event <> 'followed')
);
CREATE UNIQUE INDEX coupon_rules_public_id ON coupon_rules (public_id);
CREATE INDEX coupon_rules_event ON coupon_rules (event, ended_at);

CREATE TABLE coupon_packs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  token       TEXT NOT NULL,
  member_id   INTEGER NOT NULL,
  template_id INTEGER NOT NULL,
  source      TEXT NOT NULL,
  size        INTEGER NOT NULL,
  taken       INTEGER NOT NULL,
  expires_at  DATETIME NOT NULL,
  created_at  DATETIME NOT NULL,
  CHECK (size >= 1 AND taken >= 0 AND taken <= size)
);
CREATE UNIQUE INDEX coupon_packs_token ON coupon_packs (token);
CREATE UNIQUE INDEX coupon_packs_source ON coupon_packs (source);
CREATE INDEX coupon_packs_member ON coupon_packs (member_id, id);

CREATE TABLE coupon_pack_claims (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  pack_id   INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  coupon    TEXT NOT NULL,
  taken_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX coupon_pack_claims_member ON coupon_pack_claims (pack_id, member_id);
CREATE UNIQUE INDEX coupon_pack_claims_coupon ON coupon_pack_claims (coupon);

CREATE TABLE coupon_gifts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  token       TEXT NOT NULL,
  coupon_id   INTEGER NOT NULL,
  from_member INTEGER NOT NULL,
  state       TEXT NOT NULL,
  created_at  DATETIME NOT NULL,
  expires_at  DATETIME NOT NULL,
  ended_at    DATETIME NULL,
  to_member   INTEGER NULL,
  new_coupon  TEXT NULL
);
CREATE UNIQUE INDEX coupon_gifts_token ON coupon_gifts (token);
CREATE INDEX coupon_gifts_coupon ON coupon_gifts (coupon_id);
CREATE INDEX coupon_gifts_open ON coupon_gifts (state, expires_at);

-- A coupon for many members. cursor_member is the checkpoint; it moves in the transaction that gives the coupons.
CREATE TABLE coupon_runs (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id        TEXT NOT NULL,
  template_id      INTEGER NOT NULL,
  kind             TEXT NOT NULL,
  bought_since     DATETIME NULL,
  not_bought_since DATETIME NULL,
  up_to            INTEGER NOT NULL,
  note             TEXT NOT NULL,
  state            TEXT NOT NULL,
  cursor_member    INTEGER NOT NULL,
  total            INTEGER NOT NULL,
  duplicates       INTEGER NOT NULL,
  issued           INTEGER NOT NULL,
  limit_reached    INTEGER NOT NULL,
  out_of_stock     INTEGER NOT NULL,
  blocked          INTEGER NOT NULL,
  unknown          INTEGER NOT NULL,
  created_by       INTEGER NOT NULL,
  created_at       DATETIME NOT NULL,
  updated_at       DATETIME NOT NULL,
  finished_at      DATETIME NULL,
  CHECK (cursor_member >= 0 AND total >= 0 AND issued >= 0)
);
CREATE UNIQUE INDEX coupon_runs_public_id ON coupon_runs (public_id);
CREATE INDEX coupon_runs_state ON coupon_runs (state, updated_at);

CREATE TABLE coupon_run_targets (
  run_id    INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  line      INTEGER NOT NULL,
  PRIMARY KEY (run_id, member_id)
);

CREATE TABLE coupon_run_refusals (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id    INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  line      INTEGER NOT NULL,
  outcome   TEXT NOT NULL
);
CREATE INDEX coupon_run_refusals_outcome ON coupon_run_refusals (run_id, outcome, id);

CREATE TABLE coupon_reminder_days (
  day           TEXT NOT NULL PRIMARY KEY,
  cursor_member INTEGER NOT NULL,
  members       INTEGER NOT NULL,
  done_at       DATETIME NULL
);

-- A template whose coupons may be passed on to a friend; until when a coupon is offered to one.
ALTER TABLE coupon_templates ADD COLUMN transferable BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE coupons ADD COLUMN transfer_until DATETIME NULL;
-- The numbers of a template are counted from this index alone.
CREATE INDEX coupons_numbers ON coupons (template_id, channel, state, usable_until, discount_fen);
