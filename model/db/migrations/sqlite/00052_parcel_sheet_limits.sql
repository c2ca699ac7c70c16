-- +goose Up
-- Limits of sheets of parcel cards: what somebody asked for lately is counted, and cards of old sheets go. cleared_at says that they went.

ALTER TABLE parcel_sheets ADD COLUMN cleared_at DATETIME;

CREATE INDEX parcel_sheets_maker ON parcel_sheets (made_by, created_at);
CREATE INDEX parcel_sheets_created ON parcel_sheets (cleared_at, created_at);
