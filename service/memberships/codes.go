package memberships

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// MaxCodes is how many codes one batch has at most.
const MaxCodes = 10_000

// NewCodes makes a batch of codes that each give one period of a plan.
type NewCodes struct {
	Staff      model.StaffID
	Plan       model.PublicID // on sale or not
	Quantity   int64          // 1 to MaxCodes
	ValidUntil *time.Time     // exclusive; nil is no end
	// Note names the batch, "双十一礼品卡". A plan has one batch of a name, so that a repeated request makes no second one.
	Note string // 1 to 60 printable characters
}

// CodeBatch is a batch without its codes.
type CodeBatch struct {
	ID         model.PublicID
	Plan       model.PublicID
	PlanName   string
	Quantity   int64
	Used       int64
	Note       string
	ValidUntil *time.Time
	CreatedAt  time.Time
	ClosedAt   *time.Time
}

// MakeCodes makes a batch and returns its codes, grouped for reading: the only time that anybody sees them, because hashes are all that is
// kept. It returns fault.ErrInvalid, ErrPlanUnknown, or ErrBatchKnown for a name that the plan's batches have already.
func (s *Service) MakeCodes(ctx context.Context, in NewCodes) (b CodeBatch, codes []string, err error) {
	if err := fault.InvalidFields(in.faults(s.db.Now())); err != nil {
		return b, nil, err
	}
	codes = make([]string, in.Quantity)
	hashes := make([]string, in.Quantity)
	for i := range codes {
		code := newCode()
		codes[i], hashes[i] = groupedCode(code), codeHash(code)
	}
	row := model.MembershipCodeBatch{
		PublicID: model.PublicID(random.ID()), Quantity: in.Quantity, Note: in.Note, NoteHash: codeHash(string(in.Plan) + "\x00" + in.Note),
		ValidUntil: utc(in.ValidUntil), CreatedBy: in.Staff,
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		plan, err := planByPublicID(tx, in.Plan)
		if err != nil {
			return err
		}
		row.ID, row.PlanID, row.CreatedAt = 0, plan.ID, tx.Now
		fresh, err := tx.Insert(&row)
		if err != nil {
			return fmt.Errorf("insert a batch of codes: %w", err)
		}
		if !fresh {
			return ErrBatchKnown
		}
		if err := insertCodes(tx, row.ID, hashes); err != nil {
			return err
		}
		b = batchView(row, plan, 0)
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "memberships.codes_make", Ref: "membership_codes:" + string(row.PublicID),
			Detail: map[string]any{"plan": plan.PublicID, "quantity": in.Quantity, "valid_until": row.ValidUntil, "note": in.Note}})
	})
	if err != nil {
		return CodeBatch{}, nil, err
	}
	return b, codes, nil
}

func (in NewCodes) faults(now time.Time) []fault.Field {
	var list []fault.Field
	refuse := func(bad bool, name, reason string) {
		if bad {
			list = append(list, fault.Field{Name: name, Reason: reason})
		}
	}
	n := utf8.RuneCountInString(in.Note)
	odd := strings.IndexFunc(in.Note, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0
	refuse(in.Quantity < 1 || in.Quantity > MaxCodes, "quantity", "1 to 10000")
	refuse(in.ValidUntil != nil && !now.Before(*in.ValidUntil), "valid_until", "in the future")
	refuse(n < 1 || n > 60 || odd || !utf8.ValidString(in.Note), "note", "1 to 60 printable characters")
	return list
}

// CodeBatches returns the newest 100 batches, of one plan or ("") of all. It returns ErrPlanUnknown.
func (s *Service) CodeBatches(ctx context.Context, plan model.PublicID) (list []CodeBatch, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		var of model.PlanID
		if plan != "" {
			p, err := planByPublicID(tx, plan)
			if err != nil {
				return err
			}
			of = p.ID
		}
		rows, used, err := batches(tx, of, 100)
		if err != nil {
			return err
		}
		plans, _, err := allPlans(tx)
		if err != nil {
			return err
		}
		byID := make(map[model.PlanID]model.MembershipPlan, len(plans))
		for _, p := range plans {
			byID[p.ID] = p
		}
		list = make([]CodeBatch, len(rows))
		for i, r := range rows {
			list[i] = batchView(r, byID[r.PlanID], used[r.ID])
		}
		return nil
	})
	return list, err
}

// CloseCodes makes the unused codes of a batch give nothing, for cards that were lost. Periods that its codes gave stay. It returns
// ErrBatchUnknown; a second time has no effect.
func (s *Service) CloseCodes(ctx context.Context, staff model.StaffID, batch model.PublicID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := batchByPublicID(tx, batch)
		if err != nil {
			return err
		}
		closed, err := closeBatch(tx, row.ID)
		if err != nil || !closed {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "memberships.codes_close", Ref: "membership_codes:" + string(batch)})
	})
}

// UseCode is a member who enters a code.
type UseCode struct {
	Member model.MemberID
	Code   string // blanks, dashes and case do not matter
}

// Opened is the period that a code gave.
type Opened struct {
	Plan     string
	From, To model.Day // To is exclusive
	Replayed bool      // the member entered the same code before, and this is what it gave
}

// UseCode turns a code into a period, like a purchase: laid after what there is, with everything that the plan gives. The code itself tells a
// repetition, which is answered even while the member has to wait. It returns ErrCodeTypo, ErrCodeUnknown for every code that was never made or was closed, ErrCodeUsed, ErrCodeLapsed,
// ErrLifetime, ErrTooFar, ErrTrialUsed (the code stays good then), or ErrGuessing after too many unknown ones (with retry_after_s).
func (s *Service) UseCode(ctx context.Context, in UseCode) (o Opened, err error) {
	code, ok := plainCode(in.Code)
	if !ok {
		return o, ErrCodeTypo // no guess: nobody learns anything from what can be worked out on paper
	}
	// His own code is no guess: the answer was lost, say, and wrong ones came between.
	if o, found, err := s.ownCode(ctx, in.Member, codeHash(code)); err != nil || found {
		return o, err
	}
	if err := s.chargeTry(ctx, in.Member); err != nil {
		return o, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err = s.useCode(ctx, tx, in.Member, codeHash(code))
		return err
	})
	if f := fault.Of(err); err == nil || f != nil && f.Code != ErrCodeUnknown.Code {
		if err := s.refundTry(ctx, in.Member); err != nil {
			s.log.ErrorContext(ctx, "take the charge of a code back", "member", in.Member, "err", err)
		}
	}
	return o, err
}

// ownCode looks a code up among those that the member has used, which tells nothing about any other.
func (s *Service) ownCode(ctx context.Context, m model.MemberID, hash string) (o Opened, found bool, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		code, batch, known, err := codeOfMember(tx, m, hash)
		if err != nil || !known {
			return err
		}
		plan, err := planByID(tx, batch.PlanID)
		if err != nil {
			return err
		}
		found = true
		o, err = usedCode(tx, m, code, plan)
		return err
	})
	return o, found, err
}

func (s *Service) useCode(ctx context.Context, tx *db.Tx, m model.MemberID, hash string) (Opened, error) {
	if err := s.members.LockTx(ctx, tx, m); err != nil {
		return Opened{}, err
	}
	code, batch, err := codeByHash(tx, hash)
	if err != nil {
		return Opened{}, err
	}
	plan, err := planByID(tx, batch.PlanID)
	if err != nil {
		return Opened{}, err
	}
	if code.MemberID != nil {
		return usedCode(tx, m, code, plan)
	}
	switch {
	case batch.ClosedAt != nil:
		return Opened{}, ErrCodeUnknown
	case batch.ValidUntil != nil && !tx.Now.Before(*batch.ValidUntil):
		return Opened{}, ErrCodeLapsed
	}
	last, err := lastPeriod(tx, m)
	if err != nil {
		return Opened{}, err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	if err := stackable(today, last); err != nil {
		return Opened{}, err
	}
	if err := s.trialFault(ctx, tx, m, plan); err != nil {
		return Opened{}, err
	}
	taken, err := takeCode(tx, code.ID, m)
	if err != nil {
		return Opened{}, err
	}
	if !taken { // somebody was quicker
		if code, _, err = codeByHash(tx, hash); err != nil {
			return Opened{}, err
		}
		return usedCode(tx, m, code, plan)
	}
	p := periodOf(plan, m, today, last)
	p.CodeID = &code.ID
	err = s.begin(ctx, tx, &begun{
		plan: plan, period: p, renewal: last != nil && !last.ToDay.Before(today),
		fact: Activated{Code: code.ID}, words: map[string]string{"number": "卡密激活"},
	})
	return Opened{Plan: plan.Name, From: p.FromDay, To: p.ToDay}, err
}

// usedCode answers a code that is used: to whoever used it what it gave.
func usedCode(tx *db.Tx, m model.MemberID, code model.MembershipCode, plan model.MembershipPlan) (Opened, error) {
	if code.MemberID == nil || *code.MemberID != m {
		return Opened{}, ErrCodeUsed
	}
	p, err := periodByCode(tx, code.ID)
	if err != nil {
		return Opened{}, err
	}
	return Opened{Plan: plan.Name, From: p.FromDay, To: p.ToDay, Replayed: true}, nil
}

func batchView(r model.MembershipCodeBatch, p model.MembershipPlan, used int64) CodeBatch {
	return CodeBatch{ID: r.PublicID, Plan: p.PublicID, PlanName: p.Name, Quantity: r.Quantity, Used: used, Note: r.Note,
		ValidUntil: r.ValidUntil, CreatedAt: r.CreatedAt.UTC(), ClosedAt: r.ClosedAt}
}
