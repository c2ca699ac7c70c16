-- +goose Up
-- The channels by which coupons reach members: codes, links, events, share packs, gifts between friends, bulk issues; and reminders.

-- Codes that were made together. Only hashes are kept; the codes themselves were exported once.
CREATE TABLE coupon_code_batches (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id BIGINT NOT NULL,
  quantity    BIGINT NOT NULL,
  note        VARCHAR(200) NOT NULL,
  valid_until DATETIME(6) NULL,
  key_hash    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_by  BIGINT NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  closed_at   DATETIME(6) NULL,
  CHECK (quantity >= 1)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_code_batches_public_id ON coupon_code_batches (public_id);
CREATE UNIQUE INDEX coupon_code_batches_key ON coupon_code_batches (key_hash);
CREATE INDEX coupon_code_batches_template ON coupon_code_batches (template_id, id);

CREATE TABLE coupon_codes (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  batch_id  BIGINT NOT NULL,
  code_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id BIGINT NULL,
  used_at   DATETIME(6) NULL,
  CHECK ((member_id IS NULL) = (used_at IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_codes_hash ON coupon_codes (code_hash);
CREATE INDEX coupon_codes_batch ON coupon_codes (batch_id, used_at);

-- How often a member entered a code that does not exist.
CREATE TABLE coupon_code_tries (
  member_id BIGINT NOT NULL PRIMARY KEY,
  failures  BIGINT NOT NULL,
  last_at   DATETIME(6) NOT NULL,
  next_at   DATETIME(6) NOT NULL,
  CHECK (failures >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE coupon_links (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token       VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id BIGINT NOT NULL,
  note        VARCHAR(200) NOT NULL,
  created_by  BIGINT NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  closed_at   DATETIME(6) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_links_token ON coupon_links (token);
CREATE INDEX coupon_links_template ON coupon_links (template_id, id);

-- Events that give a coupon or a pack to share. The platform forbids a reward for following, so the schema does too.
CREATE TABLE coupon_rules (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id   VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id BIGINT NOT NULL,
  min_fen     BIGINT NOT NULL,
  `rank`      BIGINT NOT NULL,
  pack_size   BIGINT NOT NULL,
  pack_hours  BIGINT NOT NULL,
  created_by  BIGINT NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  ended_at    DATETIME(6) NULL,
  CHECK (min_fen >= 0 AND pack_size >= 0 AND pack_hours >= 0),
  CHECK (event <> 'followed')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_rules_public_id ON coupon_rules (public_id);
CREATE INDEX coupon_rules_event ON coupon_rules (event, ended_at);

CREATE TABLE coupon_packs (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token       VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  member_id   BIGINT NOT NULL,
  template_id BIGINT NOT NULL,
  source      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  size        BIGINT NOT NULL,
  taken       BIGINT NOT NULL,
  expires_at  DATETIME(6) NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  CHECK (size >= 1 AND taken >= 0 AND taken <= size)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_packs_token ON coupon_packs (token);
CREATE UNIQUE INDEX coupon_packs_source ON coupon_packs (source);
CREATE INDEX coupon_packs_member ON coupon_packs (member_id, id);

CREATE TABLE coupon_pack_claims (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pack_id   BIGINT NOT NULL,
  member_id BIGINT NOT NULL,
  coupon    VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  taken_at  DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_pack_claims_member ON coupon_pack_claims (pack_id, member_id);
CREATE UNIQUE INDEX coupon_pack_claims_coupon ON coupon_pack_claims (coupon);

CREATE TABLE coupon_gifts (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token       VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  coupon_id   BIGINT NOT NULL,
  from_member BIGINT NOT NULL,
  state       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at  DATETIME(6) NOT NULL,
  expires_at  DATETIME(6) NOT NULL,
  ended_at    DATETIME(6) NULL,
  to_member   BIGINT NULL,
  new_coupon  VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_gifts_token ON coupon_gifts (token);
CREATE INDEX coupon_gifts_coupon ON coupon_gifts (coupon_id);
CREATE INDEX coupon_gifts_open ON coupon_gifts (state, expires_at);

-- A coupon for many members. cursor_member is the checkpoint; it moves in the transaction that gives the coupons.
CREATE TABLE coupon_runs (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  public_id        VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id      BIGINT NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bought_since     DATETIME(6) NULL,
  not_bought_since DATETIME(6) NULL,
  up_to            BIGINT NOT NULL,
  note             VARCHAR(200) NOT NULL,
  state            VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  cursor_member    BIGINT NOT NULL,
  total            BIGINT NOT NULL,
  duplicates       BIGINT NOT NULL,
  issued           BIGINT NOT NULL,
  limit_reached    BIGINT NOT NULL,
  out_of_stock     BIGINT NOT NULL,
  blocked          BIGINT NOT NULL,
  unknown          BIGINT NOT NULL,
  created_by       BIGINT NOT NULL,
  created_at       DATETIME(6) NOT NULL,
  updated_at       DATETIME(6) NOT NULL,
  finished_at      DATETIME(6) NULL,
  CHECK (cursor_member >= 0 AND total >= 0 AND issued >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX coupon_runs_public_id ON coupon_runs (public_id);
CREATE INDEX coupon_runs_state ON coupon_runs (state, updated_at);

CREATE TABLE coupon_run_targets (
  run_id    BIGINT NOT NULL,
  member_id BIGINT NOT NULL,
  line      BIGINT NOT NULL,
  PRIMARY KEY (run_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE coupon_run_refusals (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  run_id    BIGINT NOT NULL,
  member_id BIGINT NOT NULL,
  line      BIGINT NOT NULL,
  outcome   VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX coupon_run_refusals_outcome ON coupon_run_refusals (run_id, outcome, id);

CREATE TABLE coupon_reminder_days (
  day           DATE NOT NULL PRIMARY KEY,
  cursor_member BIGINT NOT NULL,
  members       BIGINT NOT NULL,
  done_at       DATETIME(6) NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A template whose coupons may be passed on to a friend; until when a coupon is offered to one.
ALTER TABLE coupon_templates ADD COLUMN transferable BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE coupons ADD COLUMN transfer_until DATETIME(6) NULL;
-- The numbers of a template are counted from this index alone.
CREATE INDEX coupons_numbers ON coupons (template_id, channel, state, usable_until, discount_fen);
