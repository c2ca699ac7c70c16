package whole

import (
	"fmt"
	"maps"
	"testing"
)

// andMemberships adds the samples of the paid card beyond its purchase. No job runs beside them, so no order is ever activated; what becomes of
// refunds and codes is tested where jobs run.
func (f *furnished) andMemberships(all map[string]sample) map[string]sample {
	order, plan := map[string]string{"number": f.membership}, map[string]string{"id": f.plan}
	maps.Copy(all, map[string]sample{
		"list-membership-periods":     {query: "limit=5"},
		"use-membership-code":         {body: fixed(map[string]any{"code": "ABCD-EFGH-JKMN-PQRS-0"})},
		"quote-membership-refund":     {path: order},
		"refund-membership":           {path: order, body: fixed(map[string]any{"reason": "不需要了"})},
		"quote-any-membership-refund": {path: order, query: "policy=whole"},
		"refund-any-membership":       {path: order, body: fixed(map[string]any{"policy": "prorated", "reason": "投诉"})},
		"list-membership-refunds":     {query: "state=requested&limit=5"},
		"member-membership":           {path: map[string]string{"id": fmt.Sprint(f.memberID)}, query: "limit=5"},
		"make-membership-codes": {path: plan, body: func(*testing.T) any {
			f.n++
			return map[string]any{"quantity": 2, "valid_until": "2030-01-01T00:00:00+08:00", "note": fmt.Sprintf("礼品卡 %d", f.n)}
		}},
		"list-membership-codes":  {query: "plan=" + f.plan},
		"close-membership-codes": {path: map[string]string{"id": absent}},
	})
	return all
}
