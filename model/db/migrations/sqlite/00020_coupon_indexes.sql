-- +goose Up
-- coupons_usable begins with the member as well; a second index by member costs every claim and tells nothing more.

DROP INDEX coupons_member;
