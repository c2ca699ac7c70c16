-- +goose Up
-- The points mall: gifts, the slots that keep the limit per member, redemptions, and what staff did to the stock.

CREATE TABLE gifts (
  id              INTEGER  PRIMARY KEY AUTOINCREMENT,
  public_id       TEXT     NOT NULL UNIQUE,
  name            TEXT     NOT NULL,
  description     TEXT     NOT NULL,
  kind            TEXT     NOT NULL,
  coupon_template TEXT     NOT NULL,
  price           INTEGER  NOT NULL,
  unlimited       BOOLEAN  NOT NULL,
  initial_stock   INTEGER  NOT NULL,
  stock           INTEGER  NOT NULL,
  per_member      INTEGER  NOT NULL,
  starts_at       DATETIME,
  ends_at         DATETIME,
  state           TEXT     NOT NULL,
  sort            INTEGER  NOT NULL,
  created_at      DATETIME NOT NULL,
  CHECK (price > 0),
  CHECK (initial_stock >= 0),
  CHECK (stock >= 0),
  CHECK (per_member >= 0)
);
CREATE INDEX gifts_shown ON gifts (state, sort, id);

CREATE TABLE gift_slots (
  gift_id       INTEGER NOT NULL,
  member_id     INTEGER NOT NULL,
  ordinal       INTEGER NOT NULL,
  redemption_id TEXT    NOT NULL UNIQUE,
  PRIMARY KEY (gift_id, member_id, ordinal),
  CHECK (ordinal >= 1)
) WITHOUT ROWID;

CREATE TABLE gift_stock_moves (
  id       INTEGER  PRIMARY KEY AUTOINCREMENT,
  gift_id  INTEGER  NOT NULL,
  delta    INTEGER  NOT NULL,
  source   TEXT     NOT NULL UNIQUE,
  staff_id INTEGER  NOT NULL,
  at       DATETIME NOT NULL,
  CHECK (delta <> 0)
);
CREATE INDEX gift_stock_moves_gift ON gift_stock_moves (gift_id);

CREATE TABLE redemptions (
  id          INTEGER  PRIMARY KEY AUTOINCREMENT,
  public_id   TEXT     NOT NULL UNIQUE,
  member_id   INTEGER  NOT NULL,
  gift_id     INTEGER  NOT NULL,
  gift_name   TEXT     NOT NULL,
  kind        TEXT     NOT NULL,
  points      INTEGER  NOT NULL,
  points_seq  INTEGER  NOT NULL,
  state       TEXT     NOT NULL,
  code        TEXT     UNIQUE,
  coupon_id   TEXT     UNIQUE,
  staff_id    INTEGER  NOT NULL,
  note        TEXT     NOT NULL,
  created_at  DATETIME NOT NULL,
  closed_at   DATETIME,
  CHECK (points > 0)
);
CREATE INDEX redemptions_member ON redemptions (member_id, id);
CREATE INDEX redemptions_gift ON redemptions (gift_id, state);
