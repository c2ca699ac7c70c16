package points

import (
	"context"
	"log/slog"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Reason is the business cause of an entry.
type Reason = model.PointsReason

// MaxBalance is the largest balance of one member. Far from what 64 bits hold, so sums cannot overflow.
const MaxBalance model.Points = 1_000_000_000_000

// Deps is what the ledger needs.
type Deps struct {
	DB  *db.DB
	Log *slog.Logger
	// Adjust bounds adjustments by staff.
	Adjust AdjustRules
}

// Service is the ledger. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns the ledger.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.Adjust = d.Adjust.orDefaults()
	return &Service{d}
}

// posted runs a command in a transaction of its own.
func posted[In any](ctx context.Context, s *Service, in In,
	command func(context.Context, *db.Tx, In) (model.PointsEntry, bool, error)) (entry model.PointsEntry, fresh bool, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		entry, fresh, err = command(ctx, tx, in)
		return err
	})
	return entry, fresh, err
}

// The lengths that the columns hold.
const (
	maxSource = 120
	maxNote   = 200
)

// checkCommand refuses what no command may carry. Reasons that the ledger writes by itself are not in allowed.
func checkCommand(member model.MemberID, points model.Points, source, note string, reason Reason, allowed ...Reason) []fault.Field {
	var bad []fault.Field
	say := func(name, why string) { bad = append(bad, fault.Field{Name: name, Reason: why}) }
	if member <= 0 {
		say("member", "must be a member's id")
	}
	if points < 1 || points > model.MaxPoints {
		say("points", "must be 1 to 1000000000")
	}
	if !plainKey(source) {
		say("source", "must be 1 to 120 printable ASCII characters")
	}
	bad = append(bad, checkNote(note)...)
	known := false
	for _, r := range allowed {
		known = known || r == reason
	}
	if !known {
		say("reason", "is not one for this command")
	}
	return bad
}

func checkNote(note string) []fault.Field {
	if utf8.ValidString(note) && utf8.RuneCountInString(note) <= maxNote {
		return nil
	}
	return []fault.Field{{Name: "note", Reason: "must be at most 200 characters"}}
}

func plainKey(s string) bool {
	if s == "" || len(s) > maxSource {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
