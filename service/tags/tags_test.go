package tags_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/tags"
	"huitou/wechat"
)

func TestStaffTagMembers(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ids := s.admit(t, 1000)
		vip, slow := s.tag(t, "贵客", false), s.tag(t, "沉睡", false)
		for i, want := range []tags.Outcome{{Changed: 1000, Unknown: []model.MemberID{}}, {Unchanged: 1000, Unknown: []model.MemberID{}}} {
			got, err := s.Tag(t.Context(), tags.OnMembers{Staff: clerk, Tag: vip, Members: ids})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("call %d = %+v, %v, want %+v", i+1, got, err, want)
			}
		}
		got, err := s.Tag(t.Context(), tags.OnMembers{Staff: clerk, Tag: slow, Members: []model.MemberID{ids[1], 999_999, ids[0], ids[1], -1}})
		if err != nil || got.Changed != 2 || !slices.Equal(got.Unknown, []model.MemberID{-1, 999_999}) {
			t.Errorf("with strangers = %+v, %v", got, err)
		}
		got, err = s.Untag(t.Context(), tags.OnMembers{Staff: clerk, Tag: vip, Members: []model.MemberID{ids[0], ids[1], ids[0]}})
		if err != nil || got.Changed != 2 || got.Unchanged != 0 {
			t.Errorf("Untag = %+v, %v", got, err)
		}
		s.put(t, vip, ids[1]) // again
		if v := s.named(t, "贵客"); v.Members != 999 || v.AtWeChat {
			t.Errorf("the tag is %+v", v)
		}
		if got := s.have(t, slow); !slices.Equal(got, ids[:2]) {
			t.Errorf("slow are %v", got)
		}
		of, err := s.Of(t.Context(), ids[1])
		if err != nil || len(of) != 2 || of[0].Name != "沉睡" || of[1].Name != "贵客" {
			t.Errorf("tags of a member = %+v, %v", of, err)
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			any, err := s.AnyTx(ctx, tx, []model.PublicID{vip, slow, "gone"}, []model.MemberID{ids[0], ids[1], ids[2], 999_999})
			if err != nil || fmt.Sprint(any) != fmt.Sprintf("map[%d:true %d:true %d:true]", ids[0], ids[1], ids[2]) {
				t.Errorf("who has one = %v, %v", any, err)
			}
			return nil
		})
		if err := s.End(t.Context(), clerk, vip); err != nil {
			t.Fatal(err)
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			any, err := s.AnyTx(ctx, tx, []model.PublicID{vip}, ids)
			if err != nil || len(any) != 0 {
				t.Errorf("an ended tag is on %d, %v", len(any), err)
			}
			return nil
		})
		_, err = s.Tag(t.Context(), tags.OnMembers{Staff: clerk, Tag: vip, Members: ids})
		is(t, "an ended tag", err, tags.ErrUnknown)
		s.tag(t, "贵客", false) // the name is free
		var trail []string
		s.do(t, func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Raw(`SELECT action FROM audit_trail ORDER BY id`).Scan(&trail).Error
		})
		if got := strings.Join(trail, " "); got != "tags.create tags.create tags.tag tags.tag tags.untag tags.tag tags.end tags.create" {
			t.Errorf("the trail is %s", got)
		}
		s.sound(t)
	})
}

func TestTagsAreChecked(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(d, clock)
	id := s.tag(t, "贵客", true)
	other := s.tag(t, "新客", false)
	long, fits := strings.Repeat("客", 11), strings.Repeat("客", 10)
	for name, in := range map[string]tags.NewTag{
		"no name": {}, "blanks": {Name: " \t"}, "31 bytes": {Name: strings.Repeat("a", 31)}, "11 characters": {Name: long},
		"a line feed": {Name: "a\nb"}, "broken UTF-8": {Name: "a\xff"}, "a long note": {Name: "x", Note: strings.Repeat("长", 201)},
	} {
		_, err := s.Create(t.Context(), in)
		is(t, name, err, fault.ErrInvalid)
	}
	_, err := s.Create(t.Context(), tags.NewTag{Name: " 贵客 "})
	is(t, "a taken name", err, tags.ErrNameTaken)
	name := "贵客"
	_, err = s.Change(t.Context(), tags.Change{ID: other, Name: &name})
	is(t, "a change to a taken name", err, tags.ErrNameTaken)
	_, err = s.Change(t.Context(), tags.Change{ID: other})
	is(t, "no change", err, fault.ErrInvalid)
	_, err = s.Change(t.Context(), tags.Change{ID: "gone", Name: &name})
	is(t, "a change of nothing", err, tags.ErrUnknown)
	if v, err := s.Change(t.Context(), tags.Change{ID: id, Name: &fits}); err != nil || v.Name != fits || !v.Shared {
		t.Errorf("a change = %+v, %v", v, err)
	}
	for _, list := range [][]model.MemberID{nil, make([]model.MemberID, 1001)} {
		_, err := s.Tag(t.Context(), tags.OnMembers{Tag: id, Members: list})
		is(t, fmt.Sprint(len(list), " members"), err, fault.ErrInvalid)
	}
	for i := range wechat.MaxTags - 1 {
		s.tag(t, fmt.Sprint("共享", i), true)
	}
	_, err = s.Create(t.Context(), tags.NewTag{Name: "多了", Shared: true})
	is(t, "the 101st shared one", err, tags.ErrTooManyShared)
	yes := true
	_, err = s.Change(t.Context(), tags.Change{ID: other, Shared: &yes})
	is(t, "sharing the 101st", err, tags.ErrTooManyShared)
	_, err = s.LastSync(t.Context())
	is(t, "never compared", err, tags.ErrNeverSynced)
}

// Many hands on one tag and the same members: each member changes once, and the trail says by whom.
func TestManyHandsOnOneTag(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ids := s.admit(t, 50)
		id := s.tag(t, "贵客", false)
		var wg sync.WaitGroup
		changed := make([]int64, 16)
		for i := range changed {
			wg.Go(func() {
				out, err := s.Tag(context.Background(), tags.OnMembers{Staff: clerk, Tag: id, Members: ids[i : i+35]})
				if err != nil {
					t.Error(err)
				}
				changed[i] = out.Changed
			})
		}
		wg.Wait()
		var sum int64
		for _, n := range changed {
			sum += n
		}
		if sum != 50 || len(s.have(t, id)) != 50 {
			t.Errorf("%d changes of %d members", sum, len(s.have(t, id)))
		}
		s.sound(t)
	})
}

// Each statement spoils one thing and trips exactly the invariants that must see it.
func TestTagInvariantsTrip(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ann := s.fan(t, "ann")
		s.put(t, s.tag(t, "贵客", true), ann)
		s.put(t, s.tag(t, "新客", false), ann)
		s.sync(t)
		s.sound(t)
		for _, tt := range []struct{ spoil, want string }{
			{"UPDATE member_tags SET member_id = 999999 WHERE tag_id = 1", "tags.members"},
			{"UPDATE member_tags SET tag_id = 99 WHERE tag_id = 2", "tags.members"},
			{"UPDATE tags SET live_name = NULL WHERE id = 1", "tags.names"},
			{"UPDATE tags SET name = 'x' WHERE id = 1", "tags.names"},
			{"UPDATE tags SET ended_at = created_at WHERE id = 1", "tags.names"},
			{"UPDATE member_tags SET at_wechat = TRUE WHERE tag_id = 2", "tags.wechat"},
			{"UPDATE tag_syncs SET slot = 1", "tags.syncs"},
			{"UPDATE tag_syncs SET ended_at = NULL", "tags.syncs"},
		} {
			back := errors.New("take back")
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.spoil).Error; err != nil {
					return err
				}
				var tripped []string
				for _, inv := range tags.Invariants() {
					if v, err := inv.Check(ctx, tx); err != nil {
						return err
					} else if len(v) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				if !slices.Equal(tripped, []string{tt.want}) {
					t.Errorf("%s trips %v, want %s", tt.spoil, tripped, tt.want)
				}
				return back
			})
			is(t, tt.spoil, err, back)
		}
	})
}
