-- +goose Up
-- WeChat takes money in more than one way: an order says in which, and which item of WeChat's console it buys when that way wants one.

ALTER TABLE pay_orders
  ADD COLUMN channel VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'jsapi',
  ADD COLUMN product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
