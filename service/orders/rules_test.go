package orders

import (
	"testing"
	"time"

	"huitou/model"
)

func TestLifetime(t *testing.T) {
	paid := time.Date(2026, 11, 21, 15, 59, 0, 0, time.UTC) // 23:59 in Shanghai
	day := func(m time.Month, d int) time.Time { return model.NewDay(2026, m, d).Start(model.Shanghai) }
	tenDays := model.ExpiryRule{Mode: model.ExpireAfterDays, N: 10}
	tests := []struct {
		name            string
		rules           Rules
		now             time.Time
		active, expires time.Time
	}{
		{"at once and for ever", Rules{}, paid, time.Time{}, time.Time{}},
		{"after one whole day", Rules{PendingDays: 1}, paid, day(11, 23), time.Time{}},
		{"told when that is over", Rules{PendingDays: 1}, day(11, 23), time.Time{}, time.Time{}},
		{"ten days", Rules{Expiry: tenDays}, paid, time.Time{}, day(12, 2)},
		{"ten days from when they can be spent", Rules{PendingDays: 1, Expiry: tenDays}, paid, day(11, 23), day(12, 4)},
		{"told late, ten days from then", Rules{PendingDays: 1, Expiry: tenDays}, day(12, 1), time.Time{}, day(12, 12)},
	}
	for _, tt := range tests {
		active, expires := lifetime(tt.rules, paid, tt.now)
		if !active.Equal(tt.active) || !expires.Equal(tt.expires) {
			t.Errorf("%s: from %v until %v, want from %v until %v", tt.name, active, expires, tt.active, tt.expires)
		}
	}
}
