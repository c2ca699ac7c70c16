-- +goose Up
-- Who holds a parcel is taken for its receiver, which is a guess: such an openid is held for the member until something proves it.

ALTER TABLE member_openids ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE member_openids ADD COLUMN held_union VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
