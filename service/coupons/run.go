package coupons

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/service/members"
)

// MaxRunList is how many phones or members one list has at most; a longer one is handed in as several runs.
const MaxRunList = 100_000

// NewRun gives a coupon to many members, one each: to those on a list, or to everybody whom the filter finds. Exactly one
// of Everybody, Phones and Members is used.
type NewRun struct {
	Staff    model.StaffID
	Template model.PublicID
	// Everybody takes the filter: the dates, half-open. Both nil is really everybody.
	Everybody                   bool
	BoughtSince, NotBoughtSince *time.Time
	// Phones never reach a row or a hash: a hash of eleven digits could be guessed.
	Phones  []string `json:"-"`
	Members []model.MemberID
	Note    string
	Key     db.Key `json:"-"`
}

// Run is how far a bulk issue is.
type Run struct {
	ID       model.PublicID
	Template model.PublicID
	Kind     model.CouponRunKind
	State    model.CouponRunState
	// Waiting is why nothing moves now, the template is paused; nil otherwise.
	Waiting error `json:"-"`
	// Total is the number of members at the start, or of lines of the list. Done of them have their outcome.
	Total, Done                                                   int64
	Issued, LimitReached, OutOfStock, Blocked, Unknown, Duplicate int64
	CreatedAt                                                     time.Time
	FinishedAt                                                    *time.Time `json:",omitempty"`
	Replayed                                                      bool       `json:"-"`
}

// StartRun resolves the list, stores the run and its job, and returns at once; the job gives the coupons in batches. It returns
// ErrTemplateUnknown, ErrNotIssuable, ErrDraft, ErrPaused, ErrEnded or fault.ErrInvalid.
func (s *Service) StartRun(ctx context.Context, in NewRun) (r Run, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Run{}, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		var replayed bool
		r, replayed, err = db.Once(ctx, tx, in.Key, in, func() (Run, error) { return s.startRunTx(ctx, tx, in) })
		r.Replayed = replayed
		return err
	})
	return r, err
}

func (in NewRun) faults() []fault.Field {
	var list []fault.Field
	ways := 0
	for _, used := range []bool{in.Everybody, len(in.Phones) > 0, len(in.Members) > 0} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		list = append(list, fault.Field{Name: "members", Reason: "exactly one of everybody, phones and members"})
	}
	if !in.Everybody && (in.BoughtSince != nil || in.NotBoughtSince != nil) {
		list = append(list, fault.Field{Name: "bought_since", Reason: "belongs to everybody, not to a list"})
	}
	if len(in.Phones) > MaxRunList || len(in.Members) > MaxRunList {
		list = append(list, fault.Field{Name: "members", Reason: fmt.Sprintf("at most %d lines", MaxRunList)})
	}
	if n := utf8.RuneCountInString(in.Note); n < 1 || n > maxNote || !printable(in.Note) {
		list = append(list, fault.Field{Name: "note", Reason: fmt.Sprintf("1 to %d printable characters", maxNote)})
	}
	return list
}

// maxNote bounds what staff write beside a batch, a link or a run.
const maxNote = 200

func (s *Service) startRunTx(ctx context.Context, tx *db.Tx, in NewRun) (Run, error) {
	t, err := s.issuable(tx, in.Template)
	if err != nil {
		return Run{}, err
	}
	row := model.CouponRun{
		PublicID: model.PublicID(random.ID()), TemplateID: t.ID, Kind: model.CouponRunList, Note: in.Note, State: model.CouponRunning,
		CreatedBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	var list runList
	if in.Everybody {
		row.Kind, row.BoughtSince, row.NotBoughtSince = model.CouponRunFilter, utc(in.BoughtSince), utc(in.NotBoughtSince)
		if row.Total, row.UpTo, err = s.people.CountTx(ctx, tx, filterOf(row)); err != nil {
			return Run{}, err
		}
	} else {
		if list, err = s.resolve(ctx, tx, in); err != nil {
			return Run{}, err
		}
		row.Total, row.Duplicates, row.Unknown = list.lines, list.duplicates, int64(len(list.unknown))
	}
	if err := insertRun(tx, &row, list); err != nil {
		return Run{}, fmt.Errorf("store a bulk issue of template %d: %w", t.ID, err)
	}
	if err := s.workOn(ctx, tx, row); err != nil {
		return Run{}, err
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.run_start", Ref: "coupon_run:" + string(row.PublicID),
		Detail: map[string]any{"template": t.PublicID, "kind": row.Kind, "total": row.Total, "bought_since": row.BoughtSince,
			"not_bought_since": row.NotBoughtSince, "note": in.Note}})
	return runView(row, t, tx.Now), err
}

// issuable returns a template that staff and events may give now, or why not.
func (s *Service) issuable(tx *db.Tx, id model.PublicID) (model.CouponTemplate, error) {
	t, err := templateByID(tx, id)
	switch {
	case db.IsNotFound(err):
		return t, ErrTemplateUnknown
	case err != nil:
		return t, fmt.Errorf("read template %s: %w", id, err)
	}
	return t, issueRefusal(t, tx.Now)
}

// runList is a list after its lines were looked up.
type runList struct {
	lines, duplicates int64
	known             []model.CouponRunTarget
	unknown           []int64 // lines
}

// resolve turns lines into members. A line that repeats a member counts as a duplicate and has no outcome of its own.
func (s *Service) resolve(ctx context.Context, tx *db.Tx, in NewRun) (runList, error) {
	ids := in.Members
	if len(in.Phones) > 0 {
		var err error
		if ids, err = s.people.ByPhonesTx(ctx, tx, in.Phones); err != nil {
			return runList{}, err
		}
	} else {
		known, err := s.people.KnownTx(ctx, tx, ids)
		if err != nil {
			return runList{}, err
		}
		ids = make([]model.MemberID, len(in.Members))
		for i, id := range in.Members {
			if known[id] {
				ids[i] = id
			}
		}
	}
	list := runList{lines: int64(len(ids))}
	seen := make(map[model.MemberID]bool, len(ids))
	for i, id := range ids {
		switch {
		case id == 0:
			list.unknown = append(list.unknown, int64(i+1))
		case seen[id]:
			list.duplicates++
		default:
			seen[id] = true
			list.known = append(list.known, model.CouponRunTarget{MemberID: id, Line: int64(i + 1)})
		}
	}
	return list, nil
}

func filterOf(r model.CouponRun) members.Filter {
	return members.Filter{BoughtSince: r.BoughtSince, NotBoughtSince: r.NotBoughtSince, UpTo: r.UpTo}
}

// workOn inserts the job that carries a run on from its checkpoint. The key names the checkpoint, so that a run that is looked
// after twice gets one more worker at most; two workers of a run take turns at its row.
func (s *Service) workOn(ctx context.Context, tx *db.Tx, r model.CouponRun) error {
	_, err := s.queue.Insert(ctx, tx, jobs.Job{Kind: jobRun, Args: runArgs{r.ID}, Key: fmt.Sprintf("coupon-run:%d:%d", r.ID, r.Cursor)})
	return err
}

// RunProgress returns a run, or ErrRunUnknown.
func (s *Service) RunProgress(ctx context.Context, id model.PublicID) (r Run, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err = runTx(tx, id)
		return err
	})
	return r, err
}

func runTx(tx *db.Tx, id model.PublicID) (Run, error) {
	row, err := runByPublicID(tx, id)
	if db.IsNotFound(err) {
		return Run{}, ErrRunUnknown
	}
	if err != nil {
		return Run{}, fmt.Errorf("read bulk issue %s: %w", id, err)
	}
	templates, err := templatesByID(tx, []model.CouponTemplateID{row.TemplateID})
	if err != nil {
		return Run{}, fmt.Errorf("read the template of bulk issue %s: %w", id, err)
	}
	return runView(row, templates[row.TemplateID], tx.Now), nil
}

// CancelRun stops a run where it is; the coupons that it gave stay given. One that has ended stays as it is. It returns ErrRunUnknown.
func (s *Service) CancelRun(ctx context.Context, staff model.StaffID, id model.PublicID) (r Run, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		moved, err := cancelRun(tx, id)
		if err != nil {
			return fmt.Errorf("cancel bulk issue %s: %w", id, err)
		}
		if r, err = runTx(tx, id); err != nil || !moved {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "coupons.run_cancel", Ref: "coupon_run:" + string(id),
			Detail: map[string]any{"issued": r.Issued, "done": r.Done}})
	})
	return r, err
}

// RunOutcome is what a run did for one member or line.
type RunOutcome struct {
	Member  model.MemberID // 0: nobody
	Line    int64          // of a list; 0 for a filter, and for a coupon that was given
	Outcome model.CouponRunOutcome
	Coupon  model.PublicID // when one was given
}

// RunOutcomes returns a page of a run's members with one outcome, newest first, and the cursor of the next page ("" at the
// end). It returns ErrRunUnknown.
func (s *Service) RunOutcomes(ctx context.Context, id model.PublicID, outcome model.CouponRunOutcome, page db.Page) (list []RunOutcome, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		run, err := runByPublicID(tx, id)
		if db.IsNotFound(err) {
			return ErrRunUnknown
		}
		if err != nil {
			return fmt.Errorf("read bulk issue %s: %w", id, err)
		}
		var last int64
		if outcome == model.OutcomeIssued {
			list, last, err = runIssued(tx, run, before, page.Size()+1)
		} else {
			list, last, err = runRefused(tx, run, outcome, before, page.Size()+1)
		}
		if err != nil {
			return fmt.Errorf("read the outcomes of bulk issue %s: %w", id, err)
		}
		if len(list) > page.Size() {
			list = list[:page.Size()]
			next = db.NextCursor(last)
		}
		return nil
	})
	return list, next, err
}

func runView(r model.CouponRun, t model.CouponTemplate, now time.Time) Run {
	v := Run{
		ID: r.PublicID, Template: t.PublicID, Kind: r.Kind, State: r.State, Total: r.Total,
		Issued: r.Issued, LimitReached: r.LimitReached, OutOfStock: r.OutOfStock, Blocked: r.Blocked, Unknown: r.Unknown, Duplicate: r.Duplicates,
		CreatedAt: r.CreatedAt.UTC(), FinishedAt: r.FinishedAt,
	}
	v.Done = v.Issued + v.LimitReached + v.OutOfStock + v.Blocked + v.Unknown + v.Duplicate
	if r.State == model.CouponRunning && t.State == model.TemplatePaused {
		v.Waiting = issueRefusal(t, now)
	}
	return v
}
