package aftersale_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/members"
)

// Whoever looks somebody up by a phone number is written down, whether it is known or not, and the number is not.
func TestLookUpsByPhoneAreWrittenDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		member := w.order("L1", members.Ref{Phone: "13800138000"}).MemberID
		look := func(ref members.Ref) (model.MemberID, error) {
			return w.s.LookUp(t.Context(), aftersale.LookUp{Staff: 7, Ref: ref})
		}
		if id, err := look(members.Ref{Phone: "138 0013 8000"}); err != nil || id != member {
			t.Errorf("member %d, %v; want %d", id, err, member)
		}
		if _, err := look(members.Ref{Phone: "13900139000"}); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("an unknown number: %v", err)
		}
		if _, err := look(members.Ref{Phone: "139"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("no number: %v", err)
		}
		if id, err := look(members.Ref{Member: member}); err != nil || id != member {
			t.Errorf("by the id: %d, %v", id, err)
		}
		var trail []model.AuditEntry
		w.do(func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Where("action = 'messages.why'").Order("id").Find(&trail).Error
		})
		if len(trail) != 2 || trail[0].StaffID != 7 || !strings.HasPrefix(trail[0].Ref, "member:") || trail[0].Detail != `{"by":"phone","found":true}` ||
			trail[1].Ref != "" || trail[1].Detail != `{"by":"phone","found":false}` {
			t.Errorf("trail %+v", trail)
		}
		w.sound()
	})
}
