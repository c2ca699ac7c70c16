-- +goose Up
-- Pictures of mini-program codes on sheets of parcel cards: WeChat draws them, and nobody else can. purged_at says that a sheet's pictures
-- were put away, so that it can no longer be printed.

ALTER TABLE parcel_sheets ADD COLUMN purged_at DATETIME;

CREATE TABLE parcel_sheet_pictures (
  card_id  INTEGER PRIMARY KEY,
  sheet_id INTEGER NOT NULL,
  picture  BLOB NOT NULL,
  made_at  DATETIME NOT NULL,
  CHECK (length(picture) <= 131072)
);

CREATE INDEX parcel_sheet_pictures_sheet ON parcel_sheet_pictures (sheet_id);
