package aftersale_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/members"
)

// Staff find the order of a card by what is printed on it, however they write it; fewer letters than are printed find nothing.
func TestOrdersByCardNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		o := w.order("T1", members.Ref{Phone: "13800138000"})
		w.order("T2", members.Ref{Phone: "13800138001"})
		token := w.code("T1").Token
		w.code("T2")
		printed := strings.ToUpper(token[:4] + "-" + token[4:8])
		want := []aftersale.CardOrder{{OrderID: o.ID, Source: "shop", Number: "T1", MadeAt: clock.Now()}}
		for _, number := range []string{printed, strings.ToLower(printed), token[:8], token, " " + printed + " ", strings.NewReplacer("0", "O", "1", "l").Replace(printed)} {
			list, err := w.s.ByCardNumber(t.Context(), number)
			for i := range list {
				list[i].MadeAt = list[i].MadeAt.UTC()
			}
			if err != nil || !slices.Equal(list, want) {
				t.Errorf("%q: %+v, %v; want %+v", number, list, err, want)
			}
		}
		other := "0"
		if token[7] == '0' {
			other = "1"
		}
		if list, err := w.s.ByCardNumber(t.Context(), token[:7]+other); err != nil || len(list) != 0 {
			t.Errorf("another number: %+v, %v", list, err)
		}
		for _, number := range []string{"", token[:7], token + "0", "%%%%%%%%", "________", "1234567'", "卡号12345678"} {
			if list, err := w.s.ByCardNumber(t.Context(), number); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%q: %+v, %v", number, list, err)
			}
		}
	})
}
