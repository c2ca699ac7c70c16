package coupons_test

import (
	"testing"
	"time"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

// Two people who read the same template: the second edit on that reading is refused, one without a reading goes onto what is there.
func TestAnEditOnAnOldReadingIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		v, err := s.CreateTemplate(t.Context(), tenOff())
		if err != nil {
			t.Fatal(err)
		}
		edit := func(version string, total int64, name string) (coupons.Template, error) {
			clock.Advance(time.Millisecond)
			in := coupons.Edit{Staff: clerk, ID: v.ID, Version: version, Total: &total}
			if name != "" {
				in.Name = &name
			}
			return s.EditTemplate(t.Context(), in)
		}
		first, err := edit(v.Version, 100, "")
		if err != nil || first.Version == v.Version {
			t.Fatalf("the first edit: %+v, %v", first, err)
		}
		_, err = edit(v.Version, 200, "")
		is(t, "the second edit on the same reading", err, coupons.ErrEdited)
		if got, err := edit(first.Version, 200, ""); err != nil || got.Total != 200 {
			t.Errorf("an edit on the new reading: %+v, %v", got, err)
		}
		if got, err := edit("", 300, "新名字"); err != nil || got.Total != 300 || got.Name != "新名字" {
			t.Errorf("an edit on no reading: %+v, %v", got, err)
		}
		started, err := s.Activate(t.Context(), clerk, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = edit(first.Version, 400, "")
		is(t, "an edit on a reading before the start", err, coupons.ErrEdited)
		list, _, err := s.AllTemplates(t.Context(), db.Page{})
		if err != nil || list[0].Total != 300 || list[0].Version != started.Version {
			t.Fatalf("the list: %+v, %v", list, err)
		}
		if _, err := claim(s, 1, v.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := edit(list[0].Version, 500, ""); err != nil {
			t.Errorf("claims meanwhile stand in the way: %v", err)
		}
	})
}
