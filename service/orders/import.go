package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
)

// MaxImport is the number of rows that one call of ImportTx takes at most.
const MaxImport = 1000

// Historic is one order of a file of history.
type Historic struct {
	// Number is unique within the source; External is the customer's number there.
	Number, External string
	PaidAt           time.Time
	Amount           model.Fen // paid; 0 is an order too
	// Coupon is the code or public id of the coupon that the shop took, and Discount what it took off; the hash of an order without
	// them is what it was before there were any.
	Coupon   string    `json:",omitempty"`
	Discount model.Fen `json:",omitempty"`
	Line     int64     // in the file, for reports
}

// Imported says what became of the rows of one call.
type Imported struct {
	New, Known int
	// Conflicts are the rows that were refused, in the order of the file; the others were kept.
	Conflicts []Conflict
}

// Conflict is a row that was refused: its number is known with other content, or it is not an order.
type Conflict struct {
	Line   int64
	Number string
	Err    error // ErrConflict or fault.ErrInvalid
}

// errImportRace means that somebody else keeps writing the same numbers.
var errImportRace = errors.New("orders: the same numbers are being written elsewhere")

// ImportTx takes history in: at most MaxImport rows of one source. No points, facts or messages come of it; the members' figures do, and
// coupons that the shop took are used up, as far as they could be: why not stands in the order. Rows that are known with the same content have no effect, so a file may be read again from its
// start. An order that the shop's system had told us is known when instant and amount agree.
func (s *Service) ImportTx(ctx context.Context, tx *db.Tx, source string, rows []Historic) (Imported, error) {
	if len(rows) > MaxImport {
		return Imported{}, fmt.Errorf("orders: %d rows in one call, at most %d", len(rows), MaxImport)
	}
	if !word(source) {
		return Imported{}, fault.InvalidFields([]fault.Field{{Name: "source", Reason: wordRule}})
	}
	for attempt := 1; ; attempt++ {
		done, fresh, err := sortOut(tx, source, rows)
		if err != nil || len(fresh) == 0 {
			return done, err
		}
		ok, err := s.insertHistory(ctx, tx, source, fresh)
		if err != nil || ok {
			return done, err
		}
		if attempt == 3 {
			return Imported{}, errImportRace
		}
	}
}

// sortOut compares rows with what is known and returns those that are new.
func sortOut(tx *db.Tx, source string, rows []Historic) (done Imported, fresh []historic, err error) {
	numbers := make([]string, len(rows))
	for i, r := range rows {
		numbers[i] = r.Number
	}
	known, err := contentByNumber(tx, source, numbers)
	if err != nil {
		return done, nil, fmt.Errorf("look up %d numbers of %s: %w", len(numbers), source, err)
	}
	for _, r := range rows {
		r.PaidAt = r.PaidAt.UTC().Truncate(time.Microsecond)
		if faults := r.faults(tx.Now); len(faults) > 0 {
			done.Conflicts = append(done.Conflicts, Conflict{r.Line, r.Number, fault.InvalidFields(faults)})
			continue
		}
		h := historic{r, r.hash()}
		first, ok := known[r.Number]
		switch {
		case !ok:
			known[r.Number] = content{model.OriginImport, r.PaidAt, r.Amount, h.hash}
			fresh = append(fresh, h)
		case first.agrees(h):
			done.Known++
		default:
			done.Conflicts = append(done.Conflicts, Conflict{r.Line, r.Number, ErrConflict})
		}
	}
	done.New = len(fresh)
	return done, fresh, nil
}

// insertHistory writes new rows and the figures of their members; false means that a number has been taken meanwhile and
// nothing was written.
func (s *Service) insertHistory(ctx context.Context, tx *db.Tx, source string, rows []historic) (bool, error) {
	externals := map[string]bool{}
	for _, r := range rows {
		externals[r.External] = true
	}
	ids, err := s.Members.EnsureManyTx(ctx, tx, source, slices.Sorted(maps.Keys(externals)))
	if err != nil {
		return false, err
	}
	ok, err := insertHistory(tx, source, rows, ids)
	if err != nil {
		return false, fmt.Errorf("insert %d orders of %s: %w", len(rows), source, err)
	}
	if !ok {
		return false, nil
	}
	if err := s.useImported(ctx, tx, source, rows); err != nil {
		return false, err
	}
	return true, s.Members.RecordOrdersTx(ctx, tx, figures(rows, ids))
}

// useImported uses up the coupons of new rows, for shops whose tills tell of them by files.
func (s *Service) useImported(ctx context.Context, tx *db.Tx, source string, rows []historic) error {
	for _, r := range rows {
		if r.Coupon == "" {
			continue
		}
		o, err := orderByNumber(tx, source, r.Number)
		if err != nil {
			return fmt.Errorf("read order %s of %s: %w", r.Number, source, err)
		}
		if _, _, err := s.useCoupons(ctx, tx, &o, Order{}); err != nil {
			return err
		}
	}
	return nil
}

// figures adds rows up per member, in the order of member ids, in which they are locked.
func figures(rows []historic, ids map[string]model.MemberID) []members.OrderFigures {
	sums := map[model.MemberID]*members.OrderFigures{}
	for _, r := range rows {
		id := ids[r.External]
		f := sums[id]
		if f == nil {
			f = &members.OrderFigures{Member: id, First: r.PaidAt, Last: r.PaidAt}
			sums[id] = f
		}
		f.Orders++
		f.Amount += r.Amount
		if r.PaidAt.Before(f.First) {
			f.First = r.PaidAt
		}
		if r.PaidAt.After(f.Last) {
			f.Last = r.PaidAt
		}
	}
	list := make([]members.OrderFigures, 0, len(sums))
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		list = append(list, *sums[id])
	}
	return list
}

// historic is a row with the hash of its content.
type historic struct {
	Historic
	hash string
}

// content is what is compared of an order that is known.
type content struct {
	origin model.OrderOrigin
	paidAt time.Time
	paid   model.Fen
	hash   string
}

func (c content) agrees(r historic) bool {
	if c.origin == model.OriginImport {
		return c.hash == r.hash
	}
	return c.paidAt.Equal(r.PaidAt) && c.paid == r.Amount
}

// hash leaves the line out: the same order may stand elsewhere in the next file.
func (r Historic) hash() string {
	r.Line = 0
	return db.HashInput(r)
}

func (r Historic) faults(now time.Time) []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(!word(r.Number), "number", wordRule)
	bad(r.External == "" || len(r.External) > 128 || strings.TrimSpace(r.External) != r.External || !text(r.External, 128),
		"member", "1 to 128 bytes of printable characters")
	bad(r.PaidAt.Year() < 1970 || r.PaidAt.After(now.Add(maxAhead)), "paid_at", "from 1970 to now")
	bad(r.Coupon != "" && (len(r.Coupon) > 24 || !word(r.Coupon)), "coupon", "at most 24 printable ASCII characters")
	bad(r.Discount < 0 || r.Discount > model.MaxFen-max(0, min(r.Amount, model.MaxFen)), "discount", fmt.Sprintf("0 or more, with the amount at most %d fen", model.MaxFen))
	bad(r.Amount < 0 || r.Amount > model.MaxFen, "amount", fmt.Sprintf("0 to %d fen", model.MaxFen))
	return list
}
