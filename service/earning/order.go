package earning

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// ForOrderTx works out what an order earns now, without writing. The caller holds the member's lock, earns the points, and
// hands the entry to FiredTx in the same transaction, or the caps of a day would not hold.
func (s *Service) ForOrderTx(ctx context.Context, tx *db.Tx, p Purchase) (Award, error) {
	if p.Kind != model.OrderGoods {
		return Award{Day: model.DayOf(p.PaidAt, model.Shanghai)}, nil
	}
	b, err := s.book(tx)
	if err != nil {
		return Award{}, err
	}
	st, err := s.standing(ctx, tx, p.Member, p.PaidAt)
	if err != nil {
		return Award{}, fmt.Errorf("read the standing of member %d: %w", p.Member, err)
	}
	u := used{}
	if b.counts() {
		if u, err = usedOn(tx, p.Member, model.DayOf(p.PaidAt, model.Shanghai)); err != nil {
			return Award{}, fmt.Errorf("read what member %d earned that day: %w", p.Member, err)
		}
	}
	return b.award(p, st, u), nil
}

// FiredTx writes down which steps made an entry.
func (s *Service) FiredTx(_ context.Context, tx *db.Tx, a Award, entry model.PointsEntry) error {
	if err := insertFirings(tx, a, entry); err != nil {
		return fmt.Errorf("write down what made %s: %w", entry.Ref(), err)
	}
	return nil
}

// FiredForTx returns the steps that made the entry of an order, in the order of the formula; none when it earned nothing, or before
// steps were written down. source is the entry's.
func (s *Service) FiredForTx(_ context.Context, tx *db.Tx, source string) ([]Part, error) {
	parts, err := partsOf(tx, source)
	if err != nil {
		return nil, fmt.Errorf("read what made the points of %s: %w", source, err)
	}
	return parts, nil
}

// book reads everything that decides.
func (s *Service) book(tx *db.Tx) (book, error) {
	set, err := settings(tx)
	if err != nil {
		return book{}, fmt.Errorf("read the earning settings: %w", err)
	}
	rules, err := activeRules(tx)
	if err != nil {
		return book{}, fmt.Errorf("read the active rules: %w", err)
	}
	return book{rules, set, s.d.PerYuan}, nil
}

// counts reports whether what was earned before on the day makes a difference.
func (b book) counts() bool {
	if b.settings.CapDay > 0 {
		return true
	}
	for _, r := range b.rules {
		if r.CapDay > 0 {
			return true
		}
	}
	return false
}
