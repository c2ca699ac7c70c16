package members

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// bulk is how many rows go into one statement: far below the 32,766 values that SQLite takes.
const bulk = 1000

// EnsureManyTx finds or makes the members of numbers of one source, a few statements per thousand. Numbers that come
// twice are one. No facts are recorded: imports tell of the past. Any faulty number refuses all.
func (s *Service) EnsureManyTx(ctx context.Context, tx *db.Tx, source string, externals []string) (map[string]model.MemberID, error) {
	if !sourceName.MatchString(source) {
		return nil, fault.InvalidFields([]fault.Field{{Name: "source", Reason: "1 to 64 of 0-9, A-Z, a-z, dot, colon, dash, underscore"}})
	}
	for _, e := range externals {
		if why := badExternal(e); why != "" || strings.TrimSpace(e) != e {
			return nil, fault.InvalidFields([]fault.Field{{Name: "external", Reason: "blank at an end, too long, or not plain text"}})
		}
	}
	out := make(map[string]model.MemberID, len(externals))
	wanted := slices.Clone(externals)
	slices.Sort(wanted) // one order of locks for all imports
	for chunk := range slices.Chunk(slices.Compact(wanted), bulk) {
		if err := membersByExternals(tx, source, chunk, out); err != nil {
			return nil, err
		}
		missing := slices.DeleteFunc(slices.Clone(chunk), func(e string) bool { return out[e] != 0 })
		if len(missing) == 0 {
			continue
		}
		news := make([]NewMember, len(missing))
		for i, e := range missing {
			news[i] = NewMember{Externals: []External{{source, e}}}
		}
		ids, err := s.ImportTx(ctx, tx, news)
		if errors.Is(err, ErrTaken) { // another import made one of them meanwhile: now one by one
			ids, err = s.ensureEach(ctx, tx, source, missing)
		}
		if err != nil {
			return nil, err
		}
		for i, e := range missing {
			out[e] = ids[i]
		}
	}
	return out, nil
}

func (s *Service) ensureEach(ctx context.Context, tx *db.Tx, source string, externals []string) ([]model.MemberID, error) {
	ids := make([]model.MemberID, len(externals))
	for i, e := range externals {
		id, _, err := s.EnsureTx(ctx, tx, Ref{Source: source, External: e})
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// NewMember is a member who is imported with everything that is known about him.
type NewMember struct {
	Phone     string // empty: none
	UnionID   string // empty: none
	OpenIDs   []OpenID
	Externals []External
	JoinedAt  time.Time // zero: now
}

// OpenID is an identity in one of our apps. FollowedAt is for an official account; zero means that he does not follow it.
type OpenID struct {
	AppID, OpenID string
	FollowedAt    time.Time
}

// External is a number in a shop's own system or in a file.
type External struct{ Source, External string }

// ImportTx adds members in bulk and returns their ids in order. All of them must be new: ErrTaken means that an identity
// belongs to a member already or comes twice, and nothing was added. No facts are recorded.
func (s *Service) ImportTx(_ context.Context, tx *db.Tx, list []NewMember) ([]model.MemberID, error) {
	rows := make([]model.Member, len(list))
	for i, n := range list {
		row, err := s.imported(tx, n)
		if err != nil {
			return nil, fmt.Errorf("member %d of the import: %w", i+1, err)
		}
		rows[i] = row
	}
	ids := make([]model.MemberID, 0, len(list))
	undo := func(err error) ([]model.MemberID, error) {
		if errors.Is(err, ErrTaken) {
			if err := deleteMembers(tx, ids); err != nil {
				return nil, err // not ErrTaken: the transaction may have ended
			}
		}
		return nil, err
	}
	for chunk := range slices.Chunk(rows, bulk) {
		more, err := insertMembers(tx, chunk)
		if err != nil {
			return undo(err)
		}
		ids = append(ids, more...)
	}
	var (
		openIDs   []model.MemberOpenID
		externals []model.MemberExternal
	)
	for i, n := range list {
		for _, o := range n.OpenIDs {
			row := model.MemberOpenID{MemberID: ids[i], AppID: o.AppID, OpenID: o.OpenID, CreatedAt: tx.Now}
			if !o.FollowedAt.IsZero() {
				at := o.FollowedAt.UTC().Truncate(time.Microsecond)
				row.Following, row.FollowedAt = true, &at
			}
			openIDs = append(openIDs, row)
		}
		for _, e := range n.Externals {
			externals = append(externals, model.MemberExternal{MemberID: ids[i], Source: e.Source, External: e.External, CreatedAt: tx.Now})
		}
	}
	if err := insertAll(tx, openIDs); err != nil {
		return undo(err)
	}
	if err := insertAll(tx, externals); err != nil {
		return undo(err)
	}
	return ids, nil
}

// imported checks one member of an import and makes the row.
func (s *Service) imported(tx *db.Tx, n NewMember) (row model.Member, err error) {
	refs := []Ref{}
	if n.Phone != "" || n.UnionID != "" {
		refs = append(refs, Ref{Phone: n.Phone, UnionID: n.UnionID})
	}
	for _, o := range n.OpenIDs {
		refs = append(refs, Ref{AppID: o.AppID, OpenID: o.OpenID})
	}
	for _, e := range n.Externals {
		refs = append(refs, Ref{Source: e.Source, External: e.External})
	}
	if len(refs) == 0 {
		refs = append(refs, Ref{}) // refused: nobody could ever find this member
	}
	var main keys
	for i, r := range refs {
		k, err := r.check()
		if err != nil {
			return row, err
		}
		if i == 0 {
			main = k
		}
	}
	row = s.newMember(tx, main)
	if !n.JoinedAt.IsZero() {
		row.JoinedAt = n.JoinedAt.UTC().Truncate(time.Microsecond)
	}
	return row, nil
}
