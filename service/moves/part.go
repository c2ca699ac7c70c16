package moves

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// errMoved means that a row left the member although his account is locked; the transaction runs again.
var errMoved = errors.New("moves: a row moved meanwhile")

// Merge is what a part is told: From goes into To, or comes out again.
type Merge struct {
	ID       model.MergeID
	From, To model.MemberID
	Staff    model.StaffID // who decided; 0 when nobody had to
}

// Part answers for columns that hold a member's id. Nil functions do nothing.
type Part struct {
	// Columns are "table.column". The first one names the part in the record.
	Columns []string
	// Says is the rule as a sentence, for staff as well.
	Says string
	// Late says that Join may run again after the merge, for rows that were written at the same time.
	Late bool
	// Join gives To what From has; Split gives back what the record says.
	Join, Split func(ctx context.Context, tx *db.Tx, m Merge) error
	// Count tells how many rows of a member would move.
	Count func(tx *db.Tx, member model.MemberID) (int64, error)
	// Behind tells how many rows of members are still theirs that should have moved.
	Behind func(tx *db.Tx, members []model.MemberID) (int64, error)
}

// Name names the part in the record.
func (p Part) Name() string { return p.Columns[0] }

// Stays is a part whose rows do not move.
func Stays(says string, columns ...string) Part { return Part{Columns: columns, Says: says} }

// Rows is a part whose rows move by themselves: their column names To from then on. The table has a numeric id.
func Rows(table, column, says string) Part {
	return rows{table: table, column: column}.part(says)
}

// RowsUnless is Rows but for rows whose value in another column To has already: those stay, because a unique key holds both.
func RowsUnless(table, column, unless, says string) Part {
	return rows{table: table, column: column, unless: unless}.part(says)
}

// RowsIfNone is Rows for tables in which a member has one row: it moves when To has none.
func RowsIfNone(table, column, says string) Part {
	return rows{table: table, column: column, unless: column}.part(says)
}

// RowsByKey is for tables whose key is a number and a member: rows whose number To has not yet move.
func RowsByKey(table, key, column, says string) Part {
	r := rows{table: table, column: column, unless: key}
	name := table + "." + column
	return Part{
		Columns: []string{name}, Says: says, Late: true,
		Join: func(_ context.Context, tx *db.Tx, m Merge) error {
			keys, err := r.keys(tx, m.From, m.To)
			if err != nil {
				return fmt.Errorf("read the rows of %s of member %d: %w", name, m.From, err)
			}
			list := make([]Row, len(keys))
			for i, k := range keys {
				list[i] = Row{Key: fmt.Sprint(k)}
			}
			if err := Note(tx, m, name, list); err != nil {
				return err
			}
			if err := r.moveKeys(tx, keys, m.From, m.To); err != nil {
				return fmt.Errorf("move the rows of %s of member %d: %w", name, m.From, err)
			}
			return nil
		},
		Split: func(_ context.Context, tx *db.Tx, m Merge) error {
			list, err := Noted(tx, m, name)
			if err != nil {
				return err
			}
			keys, err := IDs(list)
			if err != nil {
				return err
			}
			if err := r.moveKeys(tx, keys, m.To, m.From); err != nil {
				return fmt.Errorf("move the rows of %s back to member %d: %w", name, m.From, err)
			}
			return Back(tx, list)
		},
		Count: func(tx *db.Tx, member model.MemberID) (int64, error) { return r.count(tx, []model.MemberID{member}) },
	}
}

// rows are those of one member in a table.
type rows struct{ table, column, unless string }

func (r rows) part(says string) Part {
	name := r.table + "." + r.column
	p := Part{
		Columns: []string{name}, Says: says, Late: true,
		Join: func(_ context.Context, tx *db.Tx, m Merge) error {
			ids, err := r.ids(tx, m.From, m.To)
			if err != nil {
				return fmt.Errorf("read the rows of %s of member %d: %w", name, m.From, err)
			}
			keys := make([]Row, len(ids))
			for i, id := range ids {
				keys[i] = Row{Key: fmt.Sprint(id)}
			}
			if err := Note(tx, m, name, keys); err != nil {
				return err
			}
			n, err := r.move(tx, ids, m.From, m.To)
			if err == nil && n != int64(len(ids)) {
				err = errMoved
			}
			if err != nil {
				return fmt.Errorf("move the rows of %s of member %d: %w", name, m.From, err)
			}
			return nil
		},
		Split: func(_ context.Context, tx *db.Tx, m Merge) error {
			list, err := Noted(tx, m, name)
			if err != nil {
				return err
			}
			ids, err := IDs(list)
			if err != nil {
				return err
			}
			// A row that is not To's any more went on to somebody else, or is gone.
			if _, err := r.move(tx, ids, m.To, m.From); err != nil {
				return fmt.Errorf("move the rows of %s back to member %d: %w", name, m.From, err)
			}
			return Back(tx, list)
		},
		Count: func(tx *db.Tx, member model.MemberID) (int64, error) { return r.count(tx, []model.MemberID{member}) },
	}
	if r.unless == "" {
		p.Behind = r.count
	}
	return p
}

// Strangers is a condition for audits: two columns name members who are not and never were one person. Rows of the two may name each other
// otherwise.
func Strangers(a, b string) string {
	return "NOT EXISTS (SELECT 1 FROM member_kin k WHERE k.member_id = " + a + " AND k.other_id = " + b + ")"
}

// Single is a condition for audits: a column names a member who was never merged.
func Single(a string) string {
	return "NOT EXISTS (SELECT 1 FROM member_kin k WHERE k.member_id = " + a + ")"
}
