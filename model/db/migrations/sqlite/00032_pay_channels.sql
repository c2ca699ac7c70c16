-- +goose Up
-- WeChat takes money in more than one way: an order says in which, and which item of WeChat's console it buys when that way wants one.

ALTER TABLE pay_orders ADD COLUMN channel TEXT NOT NULL DEFAULT 'jsapi';
ALTER TABLE pay_orders ADD COLUMN product TEXT NOT NULL DEFAULT '';
