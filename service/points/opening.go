package points

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// MaxOpening is how many rows one call of OpenTx takes at most.
const MaxOpening = 1000

// Opening is the balance that a member brings from another system.
type Opening struct {
	Member    model.MemberID
	Points    model.Points // 1 to model.MaxPoints
	ExpiresAt time.Time    // zero = never
	Line      int          // in the file, for reports
}

// Opened says what became of the rows of one call.
type Opened struct {
	New, Known int
	// Conflicts are the rows that were refused, in their order; the others were kept.
	Conflicts []OpeningConflict
}

// OpeningConflict is a row that was refused: ErrSourceReused, ErrBalanceLimit or fault.ErrInvalid.
type OpeningConflict struct {
	Line int
	Err  error
}

// OpenTx brings balances in from one source, one for each member, once: the same balance again has no effect, another one is refused
// with ErrSourceReused, whatever was spent of it meanwhile.
func (s *Service) OpenTx(ctx context.Context, tx *db.Tx, source string, rows []Opening) (out Opened, err error) {
	if len(rows) > MaxOpening {
		return out, fmt.Errorf("points: %d rows in one call, at most %d", len(rows), MaxOpening)
	}
	if !plainKey(source) || len(source) > 64 {
		return out, fault.InvalidFields([]fault.Field{{Name: "source", Reason: "1 to 64 printable ASCII characters"}})
	}
	members := make([]model.MemberID, len(rows))
	for i, r := range rows {
		members[i] = r.Member
	}
	err = s.BatchTx(ctx, tx, members, func(b *Batch) error {
		// Under the locks of all accounts, so that nobody else brings one of them in.
		known, err := openingsOf(tx, source, members)
		if err != nil {
			return fmt.Errorf("look up what %s has brought in: %w", source, err)
		}
		for _, r := range rows {
			if err := b.bring(source, r, known, &out); err != nil {
				out.Conflicts = append(out.Conflicts, OpeningConflict{r.Line, err})
			}
		}
		return nil
	})
	if err != nil {
		return Opened{}, err
	}
	return out, nil
}

// brought is a balance that was brought in before.
type brought struct {
	points model.Points
	until  time.Time
}

func (b *Batch) bring(source string, r Opening, known map[model.MemberID]brought, out *Opened) error {
	in := Earn{Member: r.Member, Points: r.Points, Reason: model.PointsOpening, Source: openingSource(source, r.Member), ExpiresAt: r.ExpiresAt}
	if first, ok := known[r.Member]; ok {
		if first.points != r.Points || !first.until.Equal(in.expiresAt()) {
			return ErrSourceReused
		}
		out.Known++
		return nil
	}
	if _, err := b.Earn(in); err != nil {
		return err
	}
	known[r.Member] = brought{r.Points, in.expiresAt()}
	out.New++
	return nil
}

func openingSource(source string, m model.MemberID) string {
	return fmt.Sprintf("opening:%s:%d", source, m)
}
