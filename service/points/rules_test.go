package points

import (
	"reflect"
	"testing"
	"time"

	"huitou/model"
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// at returns a lot that is spendable from noon - 1h on.
func at(seq int64, n model.Points, expires time.Time) model.PointsLot {
	return model.PointsLot{Seq: seq, Granted: n, Remaining: n, ActiveFrom: noon.Add(-time.Hour), ExpiresAt: expires, State: model.LotActive}
}

func TestJudge(t *testing.T) {
	l := model.PointsLot{ActiveFrom: noon, ExpiresAt: noon.Add(time.Hour)}
	tests := []struct {
		name string
		now  time.Time
		want model.PointsLotState
	}{
		{"just before it begins", noon.Add(-time.Microsecond), model.LotPending},
		{"at its beginning", noon, model.LotActive},
		{"just before its end", noon.Add(time.Hour - time.Microsecond), model.LotActive},
		{"at its end", noon.Add(time.Hour), model.LotExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := judge(l, tt.now); got != tt.want {
				t.Errorf("judge at %s = %s, want %s", tt.now, got, tt.want)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	soon, late := noon.Add(time.Hour), noon.Add(time.Hour*24)
	pending := at(9, 100, late)
	pending.ActiveFrom = noon.Add(time.Minute)
	tests := []struct {
		name string
		lots []model.PointsLot
		n    model.Points
		want []part
		ok   bool
	}{
		{"takes the lot that ends first, not the oldest", []model.PointsLot{at(1, 10, late), at(2, 10, soon)}, 10, []part{{2, 10}}, true},
		{"goes on with the next", []model.PointsLot{at(1, 10, late), at(2, 10, soon)}, 15, []part{{2, 10}, {1, 5}}, true},
		{"takes lots without an end last", []model.PointsLot{at(1, 10, model.Never), at(2, 10, late)}, 12, []part{{2, 10}, {1, 2}}, true},
		{"takes the oldest of those that end together", []model.PointsLot{at(5, 10, late), at(3, 10, late)}, 11, []part{{3, 10}, {5, 1}}, true},
		{"never takes from a lot that has ended, swept or not", []model.PointsLot{at(1, 10, noon), at(2, 5, late)}, 6, []part{{2, 5}}, false},
		{"never takes pending points", []model.PointsLot{pending, at(2, 5, late)}, 6, []part{{2, 5}}, false},
		{"has nothing to take", nil, 1, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := choose(tt.lots, tt.n, noon)
			if !reflect.DeepEqual(got, tt.want) || ok != tt.ok {
				t.Errorf("choose(%d) = %v, %t, want %v, %t", tt.n, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestGiveBack(t *testing.T) {
	soon, late := at(1, 10, noon.Add(time.Hour)), at(2, 10, noon.Add(24*time.Hour))
	tests := []struct {
		name string
		from []taken
		n    model.Points
		want []part
		ok   bool
	}{
		{"all of it", []taken{{soon, 10}, {late, 4}}, 14, []part{{2, 4}, {1, 10}}, true},
		{"a part goes to the lot that ends last", []taken{{soon, 10}, {late, 4}}, 3, []part{{2, 3}}, true},
		{"not twice", []taken{{soon, 0}, {late, 4}}, 5, []part{{2, 4}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := giveBack(tt.from, tt.n)
			if !reflect.DeepEqual(got, tt.want) || ok != tt.ok {
				t.Errorf("giveBack(%d) = %v, %t, want %v, %t", tt.n, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestNextDue(t *testing.T) {
	pending := at(1, 1, noon.Add(5*time.Hour))
	pending.State, pending.ActiveFrom = model.LotPending, noon.Add(2*time.Hour)
	done := at(2, 1, noon.Add(time.Hour))
	done.State = model.LotConsumed
	if got := nextDue([]model.PointsLot{pending, done, at(3, 1, noon.Add(3*time.Hour))}); !got.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("nextDue = %s, want the beginning of the pending lot", got)
	}
	if got := nextDue([]model.PointsLot{done, at(3, 1, model.Never)}); !got.Equal(model.Never) {
		t.Errorf("nextDue = %s, want never", got)
	}
}
