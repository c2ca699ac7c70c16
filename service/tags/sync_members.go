package tags

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
	"huitou/wechat"
)

// figures are what a comparison did, as its row counts it.
type figures struct{ tags, addedHere, removedHere, addedThere, removedThere, strangers, refused int64 }

// meetMembers compares who has one tag. It goes through our members by id in pieces of a thousand and takes what is left of WeChat's list for
// news from there.
func (s *Service) meetMembers(ctx context.Context, sync model.TagSyncID, t model.Tag, end time.Time) error {
	began := s.d.DB.Now()
	there, err := s.taggedThere(ctx, *t.WeChatID)
	if err != nil {
		return err
	}
	for after := model.MemberID(0); ; {
		ours, err := s.ourPiece(ctx, t, after)
		if err != nil {
			return err
		}
		if len(ours) == 0 {
			break
		}
		after = ours[len(ours)-1].row.MemberID
		if err := s.takeSteps(ctx, sync, t, ours, there, end); err != nil {
			return err
		}
	}
	if err := s.takeOver(ctx, sync, t, there); err != nil {
		return err
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := setSynced(tx, t.ID, began); err != nil {
			return err
		}
		return count(tx, sync, figures{tags: 1})
	})
}

// taggedThere returns the openids that have a tag at WeChat.
func (s *Service) taggedThere(ctx context.Context, id int64) (map[string]bool, error) {
	there := map[string]bool{}
	for after := ""; ; {
		list, next, err := s.d.Account.TaggedFans(ctx, id, after)
		if err != nil {
			return nil, fmt.Errorf("list the followers with tag %d: %w", id, err)
		}
		had := len(there)
		for _, o := range list {
			there[o] = true
		}
		if next == "" || len(there) == had { // a list that brings nothing new would never end
			return there, nil
		}
		after = next
	}
}

// ours is one member's row of a tag, and his openid when he follows.
type ours struct {
	row     model.MemberTag
	fan     members.Fan
	follows bool
}

func (s *Service) ourPiece(ctx context.Context, t model.Tag, after model.MemberID) (list []ours, err error) {
	err = s.d.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := rowsAfter(tx, t.ID, after, maxBulk)
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]model.MemberID, len(rows))
		for i, r := range rows {
			ids[i] = r.MemberID
		}
		fans, err := s.d.Members.FansTx(ctx, tx, ids)
		if err != nil {
			return err
		}
		list = make([]ours, len(rows))
		for i, r := range rows {
			f, follows := fans[r.MemberID]
			list[i] = ours{r, f, follows}
		}
		return nil
	})
	return list, err
}

// takeSteps decides about a piece and takes what it says. Whom it has looked at leaves the list of those there.
func (s *Service) takeSteps(ctx context.Context, sync model.TagSyncID, t model.Tag, piece []ours, there map[string]bool, end time.Time) error {
	todo := map[step][]ours{}
	for _, o := range piece {
		if !o.follows {
			// WeChat takes all tags from who goes; the row remembers ours only.
			if o.row.AtWeChat || !o.row.Present {
				todo[stepForget] = append(todo[stepForget], o)
			}
			continue
		}
		// Who came back since the last meeting has come back without tags.
		last := o.row.AtWeChat && (t.SyncedAt == nil || !o.fan.FollowedAt.After(*t.SyncedAt))
		n := meeting{known: true, here: o.row.Present, last: last, there: there[o.fan.OpenID]}.next()
		todo[n] = append(todo[n], o)
		delete(there, o.fan.OpenID)
	}
	id := t.ID
	err := s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := setThere(tx, id, idsOf(todo[stepNote]), true); err != nil {
			return err
		}
		if err := setThere(tx, id, idsOf(todo[stepForget]), false); err != nil {
			return err
		}
		return deleteRows(tx, id, idsOf(todo[stepForget]))
	})
	if err != nil {
		return fmt.Errorf("note tag %d on %d members: %w", id, len(piece), err)
	}
	for batch := range slices.Chunk(todo[stepAddThere], wechat.MaxTagBatch) {
		if err := s.addThere(ctx, sync, t, batch, end); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(todo[stepRemoveThere], wechat.MaxTagBatch) {
		if err := s.removeThere(ctx, sync, t, batch, end); err != nil {
			return err
		}
	}
	for _, o := range todo[stepRemoveHere] {
		if err := s.removeHere(ctx, sync, t, o, end); err != nil {
			return err
		}
	}
	return nil
}

// addThere tells WeChat. It takes a batch whole or not at all, so a refusal for one of them is looked for by halving.
func (s *Service) addThere(ctx context.Context, sync model.TagSyncID, t model.Tag, batch []ours, end time.Time) error {
	if s.d.DB.Now().After(end) {
		return errTurnOver
	}
	err := s.d.Account.TagFans(ctx, *t.WeChatID, openIDs(batch))
	if err != nil {
		return s.refused(ctx, sync, batch, err, func(half []ours) error { return s.addThere(ctx, sync, t, half, end) })
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := setThere(tx, t.ID, idsOf(batch), true); err != nil {
			return fmt.Errorf("note tag %d on %d members: %w", t.ID, len(batch), err)
		}
		return count(tx, sync, figures{addedThere: int64(len(batch))})
	})
}

func (s *Service) removeThere(ctx context.Context, sync model.TagSyncID, t model.Tag, batch []ours, end time.Time) error {
	if s.d.DB.Now().After(end) {
		return errTurnOver
	}
	err := s.d.Account.UntagFans(ctx, *t.WeChatID, openIDs(batch))
	if err != nil {
		return s.refused(ctx, sync, batch, err, func(half []ours) error { return s.removeThere(ctx, sync, t, half, end) })
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := setThere(tx, t.ID, idsOf(batch), false); err != nil { // of those whom staff tagged again meanwhile, too
			return fmt.Errorf("note tag %d on %d members: %w", t.ID, len(batch), err)
		}
		if err := deleteRows(tx, t.ID, idsOf(batch)); err != nil {
			return fmt.Errorf("forget tag %d on %d members: %w", t.ID, len(batch), err)
		}
		return count(tx, sync, figures{removedThere: int64(len(batch))})
	})
}

// refused goes on with the halves of a batch that WeChat refused because of one of its followers, and counts him at last. Any other
// refusal ends the comparison.
func (s *Service) refused(ctx context.Context, sync model.TagSyncID, batch []ours, err error, again func([]ours) error) error {
	if c := wechat.ClassOf(err); c != wechat.ClassRecipient && c != wechat.ClassDenied {
		return err
	}
	if n := len(batch); n > 1 {
		if err := again(batch[:n/2]); err != nil {
			return err
		}
		return again(batch[n/2:])
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return count(tx, sync, figures{refused: 1}) })
}

// removeHere takes a tag away here that WeChat's list lacks, when the person himself confirms it: he may have ceased to follow without our
// knowing, which is no word about the tag, and a list may be old.
func (s *Service) removeHere(ctx context.Context, sync model.TagSyncID, t model.Tag, o ours, end time.Time) error {
	if s.d.DB.Now().After(end) {
		return errTurnOver
	}
	has, follows, err := s.d.Account.TagsOf(ctx, o.fan.OpenID)
	if wechat.ClassOf(err) == wechat.ClassRecipient {
		follows, err = false, nil
	}
	if err != nil {
		return fmt.Errorf("ask for the tags of a follower: %w", err)
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		switch {
		case !follows:
			return setThere(tx, t.ID, []model.MemberID{o.row.MemberID}, false)
		case slices.Contains(has, *t.WeChatID):
			return nil
		}
		gone, err := deleteAgreed(tx, o.row)
		if err != nil || !gone {
			return err // staff have changed it meanwhile; the next comparison looks anew
		}
		return count(tx, sync, figures{removedHere: 1})
	})
}

// takeOver puts a tag on those here whom only WeChat has tagged.
func (s *Service) takeOver(ctx context.Context, sync model.TagSyncID, t model.Tag, there map[string]bool) error {
	left := make([]string, 0, len(there))
	for o := range there {
		left = append(left, o)
	}
	slices.Sort(left)
	for batch := range slices.Chunk(left, maxBulk) {
		err := s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := lockTag(tx, t.PublicID); err != nil {
				return err
			}
			known, err := s.d.Members.ByFansTx(ctx, tx, batch)
			if err != nil {
				return err
			}
			ids := make([]model.MemberID, 0, len(known))
			for _, m := range known {
				ids = append(ids, m)
			}
			slices.Sort(ids)
			ids = slices.Compact(ids) // several openids of one member
			has, err := rowsOf(tx, t.ID, ids)
			if err != nil {
				return fmt.Errorf("look up tag %d on %d members: %w", t.ID, len(ids), err)
			}
			fresh := slices.DeleteFunc(ids, func(m model.MemberID) bool { _, known := has[m]; return known })
			if err := insertTagged(tx, t.ID, fresh, 0, true); err != nil {
				return fmt.Errorf("put tag %d on %d members: %w", t.ID, len(fresh), err)
			}
			return count(tx, sync, figures{addedHere: int64(len(fresh)), strangers: int64(len(batch) - len(known))})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func idsOf(list []ours) []model.MemberID {
	ids := make([]model.MemberID, len(list))
	for i, o := range list {
		ids[i] = o.row.MemberID
	}
	return ids
}

func openIDs(list []ours) []string {
	ids := make([]string, len(list))
	for i, o := range list {
		ids[i] = o.fan.OpenID
	}
	return ids
}
