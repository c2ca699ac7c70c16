-- +goose Up
-- Pictures of mini-program codes on sheets of parcel cards: WeChat draws them, and nobody else can. purged_at says that a sheet's pictures
-- were put away, so that it can no longer be printed.

ALTER TABLE parcel_sheets ADD COLUMN purged_at DATETIME(6) NULL;

CREATE TABLE parcel_sheet_pictures (
  card_id  BIGINT      NOT NULL PRIMARY KEY,
  sheet_id BIGINT      NOT NULL,
  picture  MEDIUMBLOB  NOT NULL,
  made_at  DATETIME(6) NOT NULL,
  CHECK (length(picture) <= 131072),
  KEY parcel_sheet_pictures_sheet (sheet_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
