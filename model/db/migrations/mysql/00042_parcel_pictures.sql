-- +goose Up
-- Who asks WeChat for the picture of a parcel's code just now, so that many visitors cost one call.

ALTER TABLE parcel_codes ADD COLUMN asking_until DATETIME(6) NULL;
