package merges

import (
	"context"
	"log/slog"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/moves"
)

// Members is what merges need of the members.
type Members interface {
	LockPairTx(ctx context.Context, tx *db.Tx, from, to model.MemberID) (members.Pair, error)
	FindTx(ctx context.Context, tx *db.Tx, ref members.Ref) (model.MemberID, error)
}

// Deps is what the service needs.
type Deps struct {
	DB      *db.DB
	Members Members
	Queue   *jobs.Queue
	// Parts are those of every capability, in the order in which they move: identities first, what is worked out of other parts last.
	Parts []moves.Part
	Log   *slog.Logger // nil discards
}

// Service merges and splits members. It is safe for concurrent use.
type Service struct {
	d Deps
}

// New returns the service and registers its workers.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d}
	jobs.Handle(d.Queue, jobSweep, s.sweep)
	jobs.Handle(d.Queue, jobConsider, s.consider)
	return s
}

// maxReason is the longest reason, in characters.
const maxReason = 200

// words checks a reason or note that staff wrote.
func words(name, text string, required bool) []fault.Field {
	text = strings.TrimSpace(text)
	if required && text == "" || utf8.RuneCountInString(text) > maxReason || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return []fault.Field{{Name: name, Reason: "1 to 200 characters that say why"}}
	}
	return nil
}
