package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// Hold sets points aside as Spend takes them: they leave the balance at once. Its Source names the hold; Capture makes
// the spending final, Release gives the points back to the very same lots.
type Hold Spend

// Hold runs the command in a transaction of its own.
func (s *Service) Hold(ctx context.Context, in Hold) (entry model.PointsEntry, fresh bool, err error) {
	return posted(ctx, s, in, s.HoldTx)
}

// HoldTx joins a transaction. A repeated Source returns the entry already written, whatever became of the hold.
func (s *Service) HoldTx(_ context.Context, tx *db.Tx, in Hold) (entry model.PointsEntry, fresh bool, err error) {
	if err := Spend(in).check(); err != nil {
		return entry, false, err
	}
	return once(tx, Spend(in).want(model.PointsHeld), []model.MemberID{in.Member}, func(b *Batch) (model.PointsEntry, error) { return b.hold(in) })
}

// Hold sets points of a member of the batch aside; see Hold.
func (b *Batch) Hold(in Hold) (model.PointsEntry, error) {
	if err := Spend(in).check(); err != nil {
		return model.PointsEntry{}, err
	}
	return b.hold(in)
}

func (b *Batch) hold(in Hold) (model.PointsEntry, error) {
	e, err := b.take(Spend(in), model.PointsHeld)
	if err != nil {
		return e, err
	}
	b.holds = append(b.holds, model.PointsHold{MemberID: e.MemberID, EntrySeq: e.Seq, Source: in.Source, Points: in.Points,
		State: model.HoldOpen, HeldAt: b.tx.Now})
	return e, nil
}

// Capture runs CaptureTx in a transaction of its own.
func (s *Service) Capture(ctx context.Context, source string) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.CaptureTx(ctx, tx, source) })
}

// CaptureTx makes a hold final; doing so again has no effect. It returns ErrHoldUnknown, or ErrHoldClosed when the hold was
// released.
func (s *Service) CaptureTx(_ context.Context, tx *db.Tx, source string) error {
	b, h, err := openHold(tx, source)
	if err != nil {
		return err
	}
	switch h.State {
	case model.HoldCaptured:
		return nil
	case model.HoldReleased:
		return ErrHoldClosed
	}
	if err := closeHold(tx, h, model.HoldCaptured); err != nil {
		return fmt.Errorf("capture hold %s: %w", source, err)
	}
	a := b.accounts[h.MemberID]
	a.Held -= h.Points
	a.SpentTotal += h.Points
	return b.write()
}

// Release runs ReleaseTx in a transaction of its own.
func (s *Service) Release(ctx context.Context, source, note string) (entry model.PointsEntry, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		entry, err = s.ReleaseTx(ctx, tx, source, note)
		return err
	})
	return entry, err
}

// ReleaseTx gives a hold's points back to their lots; doing so again returns the entry already written. It returns
// ErrHoldUnknown, or ErrHoldClosed when the hold was captured.
func (s *Service) ReleaseTx(_ context.Context, tx *db.Tx, source, note string) (entry model.PointsEntry, err error) {
	if err := invalid(checkNote(note)); err != nil {
		return entry, err
	}
	b, h, err := openHold(tx, source)
	if err != nil {
		return entry, err
	}
	switch h.State {
	case model.HoldReleased:
		known, ok, err := entryOf(tx, source, model.PointsHoldEnded)
		if err == nil && !ok {
			err = fmt.Errorf("points: released hold %s has no entry", source)
		}
		return known, err
	case model.HoldCaptured:
		return entry, ErrHoldClosed
	}
	if err := closeHold(tx, h, model.HoldReleased); err != nil {
		return entry, fmt.Errorf("release hold %s: %w", source, err)
	}
	of := model.PointsEntry{MemberID: h.MemberID, Seq: h.EntrySeq, Kind: model.PointsHeld}
	entry, err = b.put(b.accounts[h.MemberID], of, 0, 0, model.PointsEntry{Kind: model.PointsReleased, Reason: model.PointsHoldEnded,
		Source: source, Note: note})
	if err != nil {
		return entry, err
	}
	return entry, b.write()
}

// openHold opens the account of a hold and reads the hold under the account's lock.
func openHold(tx *db.Tx, source string) (*Batch, model.PointsHold, error) {
	h, ok, err := holdOf(tx, source)
	if err != nil {
		return nil, h, fmt.Errorf("look up hold %s: %w", source, err)
	}
	if !ok {
		return nil, h, ErrHoldUnknown
	}
	b, err := open(tx, []model.MemberID{h.MemberID}, true)
	if err != nil {
		return nil, h, err
	}
	if h, _, err = holdOf(tx, source); err != nil {
		return nil, h, fmt.Errorf("look up hold %s: %w", source, err)
	}
	return b, h, nil
}
