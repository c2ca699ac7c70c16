package coupons

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

const (
	// MaxCodes is how many codes one batch has at most.
	MaxCodes = 100_000
	// codeChars are the characters of a code for a coupon, each of five random bits: 80 bits, so that even with a hundred million
	// codes in circulation a guess hits once in 10^16 tries (threat T33).
	codeChars = 16
)

// NewCodes makes a batch of codes for a template.
type NewCodes struct {
	Staff      model.StaffID
	Template   model.PublicID
	Quantity   int64      // 1 to MaxCodes
	ValidUntil *time.Time // exclusive; nil is no end
	// Note names the batch, "十一月传单". A template has one batch of a name, so that a repeated request makes no second one.
	Note string
}

// CodeBatch is a batch without its codes.
type CodeBatch struct {
	ID         model.PublicID
	Template   model.PublicID
	Quantity   int64
	Used       int64
	Note       string
	ValidUntil *time.Time
	CreatedAt  time.Time
	ClosedAt   *time.Time
}

// MakeCodes makes a batch and returns its codes, in groups of four characters: the only time that anybody sees them, because hashes
// are all that is kept. A name that the template's batches have already returns ErrExported: those codes are not there any more. Codes take
// no stock before they are used.
func (s *Service) MakeCodes(ctx context.Context, in NewCodes) (b CodeBatch, codes []string, err error) {
	if err := fault.InvalidFields(in.faults(s.db.Now())); err != nil {
		return b, nil, err
	}
	row := model.CouponCodeBatch{
		PublicID: model.PublicID(random.ID()), Quantity: in.Quantity, Note: in.Note, ValidUntil: utc(in.ValidUntil), CreatedBy: in.Staff,
		KeyHash: nullable(codeHash(string(in.Template) + "\x00" + in.Note)),
	}
	codes = make([]string, in.Quantity)
	hashes := make([]string, in.Quantity)
	for i := range codes {
		code := random.Upper(codeChars)
		codes[i], hashes[i] = grouped(code), codeHash(code)
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := s.issuable(tx, in.Template)
		if err != nil {
			return err
		}
		row.ID, row.TemplateID, row.CreatedAt = 0, t.ID, tx.Now
		fresh, err := tx.Insert(&row)
		if err != nil {
			return fmt.Errorf("insert a batch of codes: %w", err)
		}
		if !fresh {
			return ErrExported
		}
		if err := insertCodes(tx, row.ID, hashes); err != nil {
			return fmt.Errorf("insert %d codes: %w", len(hashes), err)
		}
		b = batchView(row, t.PublicID, 0)
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.codes_make", Ref: "coupon_codes:" + string(row.PublicID),
			Detail: map[string]any{"template": t.PublicID, "quantity": in.Quantity, "valid_until": row.ValidUntil, "note": in.Note}})
	})
	if err != nil {
		return CodeBatch{}, nil, err
	}
	return b, codes, nil
}

func (in NewCodes) faults(now time.Time) []fault.Field {
	var list []fault.Field
	if in.Quantity < 1 || in.Quantity > MaxCodes {
		list = append(list, fault.Field{Name: "quantity", Reason: fmt.Sprintf("1 to %d", MaxCodes)})
	}
	if in.ValidUntil != nil && !now.Before(*in.ValidUntil) {
		list = append(list, fault.Field{Name: "valid_until", Reason: "in the future"})
	}
	if n := utf8.RuneCountInString(in.Note); n < 1 || n > maxNote || !printable(in.Note) {
		list = append(list, fault.Field{Name: "note", Reason: fmt.Sprintf("1 to %d printable characters", maxNote)})
	}
	return list
}

// CodeBatches returns the batches of a template, the newest 100 first.
func (s *Service) CodeBatches(ctx context.Context, template model.PublicID) (list []CodeBatch, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		t, err := templateByID(tx, template)
		if db.IsNotFound(err) {
			return ErrTemplateUnknown
		}
		if err != nil {
			return fmt.Errorf("read template %s: %w", template, err)
		}
		rows, used, err := batchesOf(tx, t.ID, 100)
		if err != nil {
			return fmt.Errorf("read the batches of template %s: %w", template, err)
		}
		list = make([]CodeBatch, len(rows))
		for i, r := range rows {
			list[i] = batchView(r, t.PublicID, used[r.ID])
		}
		return nil
	})
	return list, err
}

// CloseCodes makes the unused codes of a batch give nothing, for a print that was lost. It returns ErrBatchUnknown.
func (s *Service) CloseCodes(ctx context.Context, staff model.StaffID, batch model.PublicID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := batchByPublicID(tx, batch)
		if db.IsNotFound(err) {
			return ErrBatchUnknown
		}
		if err != nil {
			return fmt.Errorf("read batch %s: %w", batch, err)
		}
		closed, err := closeBatch(tx, row.ID)
		if err != nil || !closed {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "coupons.codes_close", Ref: "coupon_codes:" + string(batch)})
	})
}

// UseCode is a member who enters a code.
type UseCode struct {
	Member model.MemberID
	Code   string // blanks, dashes and case do not matter
}

// UseCode gives the member the coupon of a code. The code itself tells a repetition: entered again by the same member it gives the
// same coupon. It returns ErrCodeUnknown for every code that was never made or was closed, ErrCodeUsed, ErrCodeLapsed, ErrGuessing
// after too many unknown ones (with retry_after_s), or why the template gives nothing.
func (s *Service) UseCode(ctx context.Context, in UseCode) (c Coupon, err error) {
	if err := s.chargeTry(ctx, in.Member); err != nil {
		return Coupon{}, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err = s.useCodeTx(ctx, tx, in)
		return err
	})
	if f := fault.Of(err); err == nil || f != nil && f.Code != ErrCodeUnknown.Code {
		if err := s.refundTry(ctx, in.Member); err != nil {
			s.log.ErrorContext(ctx, "take the charge of a code back", "member", in.Member, "err", err)
		}
	}
	return c, err
}

func (s *Service) useCodeTx(ctx context.Context, tx *db.Tx, in UseCode) (Coupon, error) {
	row, err := codeByHash(tx, codeHash(plainCode(in.Code)))
	if db.IsNotFound(err) {
		return Coupon{}, ErrCodeUnknown
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("look a code up: %w", err)
	}
	batch, t, err := batchByID(tx, row.BatchID)
	if err != nil {
		return Coupon{}, fmt.Errorf("read the batch of code %d: %w", row.ID, err)
	}
	issue := Issue{Member: in.Member, Template: t.PublicID, Channel: model.ChannelCode, Source: fmt.Sprintf("code:%d", row.ID)}
	if row.MemberID == nil {
		switch {
		case batch.ClosedAt != nil:
			return Coupon{}, ErrCodeUnknown
		case batch.ValidUntil != nil && !tx.Now.Before(*batch.ValidUntil):
			return Coupon{}, ErrCodeLapsed
		}
		ok, err := useCode(tx, row.ID, in.Member)
		if err != nil {
			return Coupon{}, fmt.Errorf("use code %d: %w", row.ID, err)
		}
		if ok {
			return s.IssueTx(ctx, tx, issue)
		}
		if row, err = codeByHash(tx, row.CodeHash); err != nil { // somebody was quicker
			return Coupon{}, fmt.Errorf("read code %d again: %w", row.ID, err)
		}
	}
	if row.MemberID == nil || *row.MemberID != in.Member {
		return Coupon{}, ErrCodeUsed
	}
	return s.IssueTx(ctx, tx, issue) // his own: the source answers
}

// plainCode is what is hashed: upper case, without what people put between, with the letters that look like digits as digits.
func plainCode(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
}

// grouped writes a code as people read it: ABCD-EFGH-JKMN-PQRS.
func grouped(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// codeHash needs no salt and no slow function: there are 2^80 codes.
func codeHash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

func batchView(r model.CouponCodeBatch, t model.PublicID, used int64) CodeBatch {
	return CodeBatch{ID: r.PublicID, Template: t, Quantity: r.Quantity, Used: used, Note: r.Note, ValidUntil: r.ValidUntil,
		CreatedAt: r.CreatedAt.UTC(), ClosedAt: r.ClosedAt}
}
