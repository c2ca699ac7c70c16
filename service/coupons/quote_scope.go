package coupons

import (
	"slices"
	"strings"

	"huitou/model"
)

// Conditions are stored conditions, made ready for looking goods up. They are shared and never changed.
type Conditions struct {
	model.CouponConditions
	in, except index
}

// index is a set of SKUs and of category paths.
type index struct{ skus, categories map[string]bool }

// plain are the conditions of a coupon that has none of its own.
var plain = ready(model.CouponConditions{})

func ready(c model.CouponConditions) *Conditions {
	if c.Refund == "" {
		c.Refund = model.RefundReturn
	}
	return &Conditions{c, newIndex(c.Scope.SKUs, c.Scope.Categories), newIndex(c.Scope.ExceptSKUs, c.Scope.ExceptCategories)}
}

func newIndex(skus, categories []string) index {
	set := func(list []string) map[string]bool {
		if len(list) == 0 {
			return nil
		}
		m := make(map[string]bool, len(list))
		for _, s := range list {
			m[s] = true
		}
		return m
	}
	return index{set(skus), set(categories)}
}

func (x index) empty() bool { return x.skus == nil && x.categories == nil }

// holds reports whether goods are in the set: by their SKU, by their category, or by one above it.
func (x index) holds(sku, category string) bool {
	if x.skus[sku] {
		return true
	}
	if x.categories == nil {
		return false
	}
	for path := category; path != ""; {
		if x.categories[path] {
			return true
		}
		cut := strings.LastIndexByte(path, '/')
		path = path[:max(cut, 0)]
	}
	return false
}

// everything reports whether all goods are eligible.
func (c *Conditions) everything() bool { return c.in.empty() && c.except.empty() }

// eligible reports whether a line is in the scope: listed, or nothing is listed, and not excepted.
func (c *Conditions) eligible(l Item) bool {
	if c.everything() {
		return true
	}
	category := strings.Trim(l.Category, "/")
	return (c.in.empty() || c.in.holds(l.SKU, category)) && !c.except.holds(l.SKU, category)
}

// at reports whether the coupon is good in a store; "" is no known store.
func (c *Conditions) at(store string) bool {
	return len(c.Stores) == 0 || slices.Contains(c.Stores, store)
}
