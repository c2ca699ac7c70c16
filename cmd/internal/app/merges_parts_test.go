package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// notMembers are columns that are named after members and hold no member's id.
var notMembers = map[string]string{
	"coupon_templates.per_member":        "a limit",
	"gifts.per_member":                   "a limit",
	"coupon_runs.cursor_member":          "how far the run is",
	"coupon_reminder_days.cursor_member": "how far the run is",
	"coupon_reminder_days.members":       "a number of members",
	"coupon_birthday_days.cursor_member": "how far the run is",
	"coupon_birthday_days.members":       "a number of members",
	"tier_passes.after_member":           "how far the pass is",
	"tier_passes.members":                "a number of members",
	"orders.member_saving_fen":           "money",
}

// Every column that holds a member's id has a rule for the day on which two members turn out to be one. Whoever adds such a column adds
// a part (package moves) to its capability's MergeParts, or a line above.
func TestEveryColumnWithAMemberHasAPart(t *testing.T) {
	rules := map[string]string{}
	for _, p := range new(Services).mergeParts() {
		if p.Says == "" {
			t.Errorf("the part %s does not say what becomes of its rows", p.Name())
		}
		for _, c := range p.Columns {
			if rules[c] != "" {
				t.Errorf("%s has two parts", c)
			}
			rules[c] = p.Says
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		query := `SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE()`
		if d.Driver() == db.SQLite {
			query = `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
		}
		var columns []string
		err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query).Scan(&columns).Error })
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, c := range columns {
			table, column, _ := strings.Cut(c, ".")
			seen[c] = true
			if !strings.Contains(column, "member") && column != "merged_into" && table != "member_kin" {
				continue
			}
			if (rules[c] == "") == (notMembers[c] == "") {
				t.Errorf("%s has no part, or both a part and an excuse (%q)", c, notMembers[c])
			}
		}
		for _, c := range slices.Sorted(maps.Keys(rules)) {
			if !seen[c] {
				t.Errorf("there is a part for %s, which does not exist", c)
			}
		}
	})
}
