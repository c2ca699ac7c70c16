package web

import "testing"

// Pages for staff take from the same budget as the API, and look-ups from a small one of each member of staff.
func TestBudgetsOfStaff(t *testing.T) {
	r := &Routes{limits: newLimits()}
	for i := range 30 {
		if ok := r.AllowLookUp(7); ok != (i < 20) {
			t.Errorf("look-up %d: %t", i+1, ok)
		}
	}
	if !r.AllowLookUp(8) {
		t.Error("another member of staff may not look anybody up")
	}
	if !r.AllowStaff(7) {
		t.Error("nothing is left for pages")
	}
	for i := 0; r.AllowStaff(7); i++ {
		if i == 100_000 {
			t.Fatal("pages have no bound")
		}
	}
}
