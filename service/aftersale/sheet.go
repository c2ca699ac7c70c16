package aftersale

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/print"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/service/messages"
)

// MaxSheet is how many orders one sheet has at most; more are printed as several.
const MaxSheet = 5000

// MaxMiniSheet is how many of them a sheet of mini-program codes has.
const MaxMiniSheet = 1000

// OrderRef names an order.
type OrderRef struct{ Source, Number string }

// Design is what stands on every card beside the code: the shop's name and a title, 1 to 30 characters each, and a hint of up to 80 or none.
type Design struct{ Shop, Title, Hint string }

// NewSheet asks for cards of many orders. The cards stand in the order of Orders.
type NewSheet struct {
	Staff  model.StaffID
	Orders []OrderRef
	Code   model.ParcelSheetCode // "" means link
	Layout string                // of package print; "" means the first one
	Design
	Key db.Key `json:"-"`
}

// Sheet is how far a sheet is.
type Sheet struct {
	ID     model.PublicID
	Code   model.ParcelSheetCode
	Layout string
	Design
	State model.ParcelSheetState
	// Ready and Refused of Total are done.
	Total, Ready, Refused int64
	Reason                string
	CreatedAt             time.Time
	FinishedAt            *time.Time `json:",omitempty"`
	Replayed              bool       `json:"-"`
}

// MakeSheet stores a sheet and the job that makes its codes, and returns at once. It returns fault.ErrInvalid with every faulty field, among
// them letters that cannot be printed and words that do not fit, ErrSheetLarge, ErrSheetsWaiting, ErrSheetsDay, and ErrPolicy with the rule that
// the words break.
func (s *Service) MakeSheet(ctx context.Context, in NewSheet) (v Sheet, err error) {
	if in.Code == "" {
		in.Code = model.SheetLink
	}
	if in.Layout == "" {
		in.Layout = print.Layouts[0].Name
	}
	var list []fault.Field
	if !knownCode(in.Code) {
		list = append(list, fault.Field{Name: "code", Reason: "link, account or mini"})
	}
	list = append(append(list, in.Design.faults(in.Layout)...), in.orderFaults()...)
	if err := fault.InvalidFields(list); err != nil {
		return v, err
	}
	if in.Code == model.SheetMini && len(in.Orders) > MaxMiniSheet {
		return v, ErrSheetLarge.With("most", MaxMiniSheet)
	}
	if err := in.Design.allowed(); err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Sheet, error) { return s.makeSheetTx(ctx, tx, in) })
		return err
	})
	return v, err
}

func knownCode(c model.ParcelSheetCode) bool {
	return c == model.SheetLink || c == model.SheetAccount || c == model.SheetMini
}

func (in NewSheet) orderFaults() (list []fault.Field) {
	if n := len(in.Orders); n < 1 || n > MaxSheet {
		return []fault.Field{{Name: "orders", Reason: fmt.Sprintf("1 to %d", MaxSheet)}}
	}
	for i, o := range in.Orders {
		if !word(o.Source) || !word(o.Number) {
			list = append(list, fault.Field{Name: fmt.Sprintf("orders[%d]", i), Reason: "source and number are 1 to 64 characters without spaces, as the shop system wrote them"})
		}
	}
	return list[:min(len(list), 20)]
}

// faults are the reasons for which the words cannot be printed.
func (d Design) faults(layout string) (list []fault.Field) {
	for _, part := range []struct {
		name, text  string
		least, most int
	}{{"shop", d.Shop, 1, 30}, {"title", d.Title, 1, 30}, {"hint", d.Hint, 0, 80}} {
		if (part.text != "" || part.least > 0) && !printable(part.text, part.most) {
			list = append(list, fault.Field{Name: part.name, Reason: fmt.Sprintf("%d to %d printable characters", part.least, part.most)})
		}
	}
	l, ok := print.LayoutOf(layout)
	if !ok {
		return append(list, fault.Field{Name: "layout", Reason: "there is no such layout"})
	}
	if len(list) > 0 {
		return list
	}
	for _, p := range print.Design(d).Problems(l) {
		list = append(list, fault.Field{Name: p.Field, Reason: p.Reason})
	}
	return list
}

// allowed holds the words against the platform's rules, also those that only break one when they are read together.
func (d Design) allowed() error {
	texts := map[string]string{"shop": d.Shop, "title": d.Title, "hint": d.Hint, "title+hint": d.Title + d.Hint}
	for _, b := range messages.Breaches("", nil, texts, nil) {
		return ErrPolicy.With("field", b.Field).With("text", b.Word).With("rule", b.Rule.Says())
	}
	return nil
}

func (s *Service) makeSheetTx(ctx context.Context, tx *db.Tx, in NewSheet) (Sheet, error) {
	row := model.ParcelSheet{
		PublicID: model.PublicID(random.ID()), Code: in.Code, Layout: in.Layout, Shop: in.Shop, Title: in.Title, Hint: in.Hint,
		State: model.SheetQueued, Total: int64(len(in.Orders)), MadeBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	cards := make([]model.ParcelSheetCard, len(in.Orders))
	seen := make(map[OrderRef]bool, len(in.Orders))
	for i, o := range in.Orders {
		cards[i] = model.ParcelSheetCard{Position: int64(i + 1), Source: o.Source, Number: o.Number}
		if seen[o] {
			cards[i].Refusal = refusalTwice
			row.Refused++
		}
		seen[o] = true
	}
	if err := insertSheet(tx, &row, cards); err != nil {
		return Sheet{}, fmt.Errorf("store a sheet of %d parcel cards: %w", len(cards), err)
	}
	if _, err := s.Queue.Insert(ctx, tx, jobs.Job{Kind: sheetJob, Args: sheetArgs{row.ID}, Key: fmt.Sprintf("parcel_sheet:%d", row.ID)}); err != nil {
		return Sheet{}, err
	}
	err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "parcels.sheet", Ref: "parcel_sheet:" + string(row.PublicID), Detail: map[string]any{
		"orders": row.Total, "code": row.Code, "layout": row.Layout, "shop": row.Shop, "title": row.Title, "hint": row.Hint,
	}})
	if err == nil {
		err = checkSheets(tx, in.Staff)
	}
	return sheetView(row), err
}

// Sheet returns how far a sheet is, or ErrSheetUnknown.
func (s *Service) Sheet(ctx context.Context, id model.PublicID) (v Sheet, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := sheetByID(tx, id)
		v = sheetView(row)
		return err
	})
	return v, err
}

// Sheets returns sheets, newest first, and the cursor of the next page.
func (s *Service) Sheets(ctx context.Context, p db.Page) (list []Sheet, next string, err error) {
	before, err := p.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := sheetsBefore(tx, before, p.Size()+1)
		if err != nil {
			return err
		}
		if len(rows) > p.Size() {
			rows = rows[:p.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		for _, row := range rows {
			list = append(list, sheetView(row))
		}
		return nil
	})
	return list, next, err
}

// Refusal is an order of a sheet that gets no card.
type Refusal struct {
	Line int64 // of the order in the list that was handed in
	OrderRef
	Why string // code of the reason
}

// Refusals returns the orders of a sheet that get no card, from the last one to the first, and the cursor of the next page; or ErrSheetUnknown,
// or ErrSheetOld when they were put away.
func (s *Service) Refusals(ctx context.Context, id model.PublicID, p db.Page) (list []Refusal, next string, err error) {
	before, err := p.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		sheet, err := sheetByID(tx, id)
		if err != nil {
			return err
		}
		if sheet.ClearedAt != nil {
			return ErrSheetOld
		}
		rows, err := refusedCards(tx, sheet.ID, before, p.Size()+1)
		if err != nil {
			return err
		}
		if len(rows) > p.Size() {
			rows = rows[:p.Size()]
			next = db.NextCursor(rows[len(rows)-1].Position)
		}
		for _, c := range rows {
			list = append(list, Refusal{c.Position, OrderRef{c.Source, c.Number}, c.Refusal})
		}
		return nil
	})
	return list, next, err
}

func sheetView(r model.ParcelSheet) Sheet {
	v := Sheet{
		ID: r.PublicID, Code: r.Code, Layout: r.Layout, Design: Design{r.Shop, r.Title, r.Hint}, State: r.State,
		Total: r.Total, Ready: r.Ready, Refused: r.Refused, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.FinishedAt != nil {
		at := r.FinishedAt.UTC()
		v.FinishedAt = &at
	}
	return v
}

// bySource are the numbers of a batch, by the shop system that they come from.
func bySource(cards []model.ParcelSheetCard) map[string][]string {
	out := map[string][]string{}
	for _, c := range cards {
		out[c.Source] = append(out[c.Source], c.Number)
	}
	return out
}
