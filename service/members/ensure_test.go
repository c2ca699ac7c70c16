package members_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/members"
)

func TestEnsure(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ann := s.must(t, members.Ref{AppID: mini, OpenID: "o-ann", UnionID: "u-ann"})
		bob := s.must(t, members.Ref{Phone: "13800000001"})
		cat := s.must(t, members.Ref{Source: "pos", External: "C-3"})
		tests := []struct {
			name    string
			ref     members.Ref
			want    model.MemberID // 0: somebody new
			wantErr error
		}{
			{"by openid", members.Ref{AppID: mini, OpenID: "o-ann"}, ann, nil},
			{"openids differ by case", members.Ref{AppID: mini, OpenID: "O-ANN"}, 0, nil},
			{"the same openid in another app is somebody else", members.Ref{AppID: oa, OpenID: "o-ann"}, 0, nil},
			{"unionid joins another app's openid", members.Ref{AppID: oa, OpenID: "o-ann-oa", UnionID: "u-ann"}, ann, nil},
			{"the joined openid stands alone afterwards", members.Ref{AppID: oa, OpenID: "o-ann-oa"}, ann, nil},
			{"phone in another form", members.Ref{Phone: "+86 138-0000-0001"}, bob, nil},
			{"external number is attached to the phone's member", members.Ref{Phone: "13800000001", Source: "pos", External: "B-2"}, bob, nil},
			{"the attached number stands alone afterwards", members.Ref{Source: "pos", External: "B-2"}, bob, nil},
			{"external numbers differ by case", members.Ref{Source: "pos", External: "b-2"}, 0, nil},
			{"external numbers differ by source", members.Ref{Source: "file", External: "B-2"}, 0, nil},
			{"blanks around an external number do not count", members.Ref{Source: "pos", External: " B-2 "}, bob, nil},
			{"Chinese external number", members.Ref{Source: "pos", External: "会员甲"}, 0, nil},
			{"by id, with a phone that is new", members.Ref{Member: cat, Phone: "13800000003"}, cat, nil},
			{"another phone does not replace the one he has", members.Ref{Member: cat, Phone: "13800000004"}, cat, nil},
			{"nobody got the phone that was not taken over", members.Ref{Phone: "13800000004"}, 0, nil},
			{"two members by phone and external number", members.Ref{Phone: "13800000001", Source: "pos", External: "C-3"}, 0, members.ErrAmbiguous},
			{"two members by openid and phone", members.Ref{AppID: mini, OpenID: "o-ann", Phone: "13800000001"}, 0, members.ErrAmbiguous},
			{"another person's unionid", members.Ref{AppID: mini, OpenID: "o-ann", UnionID: "u-other"}, 0, members.ErrAmbiguous},
			{"an id that nobody has", members.Ref{Member: 999999}, 0, members.ErrUnknown},
			{"a member number that nobody has", members.Ref{Number: "000000000000"}, 0, members.ErrUnknown},
		}
		for _, tt := range tests {
			id, created, err := s.ensure(t.Context(), tt.ref)
			switch {
			case !errors.Is(err, tt.wantErr):
				t.Errorf("%s: error %v, want %v", tt.name, err, tt.wantErr)
			case err == nil && created != (tt.want == 0):
				t.Errorf("%s: created = %v", tt.name, created)
			case err == nil && tt.want != 0 && id != tt.want:
				t.Errorf("%s: member %d, want %d", tt.name, id, tt.want)
			}
		}
		clean(t, s)
	})
}

func TestEnsureAmbiguousChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		s.must(t, members.Ref{Phone: "13800000001"})
		s.must(t, members.Ref{Source: "pos", External: "C-3"})
		_, _, err := s.ensure(t.Context(), members.Ref{Phone: "13800000001", Source: "pos", External: "C-3", AppID: mini, OpenID: "o-new", UnionID: "u-new"})
		if !errors.Is(err, members.ErrAmbiguous) {
			t.Fatalf("two members by two references = %v", err)
		}
		for _, ref := range []members.Ref{{AppID: mini, OpenID: "o-new"}, {UnionID: "u-new"}} {
			if _, err := s.Find(t.Context(), ref); !errors.Is(err, members.ErrUnknown) {
				t.Errorf("a refused reference was attached: %v", err)
			}
		}
	})
}

func TestReferencesThatAreRefused(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	tests := []struct {
		name  string
		ref   members.Ref
		field string
	}{
		{"none", members.Ref{}, "member"},
		{"negative id", members.Ref{Member: -1}, "member"},
		{"member number that is short", members.Ref{Number: "12345"}, "number"},
		{"openid without app", members.Ref{OpenID: "o"}, "open_id"},
		{"openid with a quote", members.Ref{AppID: mini, OpenID: "o' OR 1=1"}, "open_id"},
		{"openid of 65 characters", members.Ref{AppID: mini, OpenID: strings.Repeat("o", 65)}, "open_id"},
		{"unionid in Chinese", members.Ref{UnionID: "联合"}, "union_id"},
		{"external number without source", members.Ref{External: "1"}, "source"},
		{"blank external number", members.Ref{Source: "pos", External: "  "}, "external"},
		{"external number with a line feed", members.Ref{Source: "pos", External: "1\n2"}, "external"},
		{"external number of 129 bytes", members.Ref{Source: "pos", External: strings.Repeat("1", 129)}, "external"},
		{"external number that is not UTF-8", members.Ref{Source: "pos", External: "\xff"}, "external"},
		{"source with a blank", members.Ref{Source: "my pos", External: "1"}, "source"},
		{"short phone", members.Ref{Phone: "1380000"}, "phone"},
		{"full-width phone", members.Ref{Phone: "138００００００01"}, "phone"},
	}
	for _, tt := range tests {
		_, _, err := s.ensure(t.Context(), tt.ref)
		f := fault.Of(err)
		if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(fmt.Sprint(f.Detail["fields"]), tt.field) {
			t.Errorf("%s: %v %v, want field %s refused", tt.name, err, f, tt.field)
		}
		if _, err := s.Find(t.Context(), tt.ref); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("find by %s: %v, want it refused", tt.name, err)
		}
	}
	if n := s.count(t, "SELECT COUNT(*) FROM members"); n != 0 {
		t.Errorf("%d members from references that were refused", n)
	}
}

// One identity, 64 transactions at once: one member. The shapes are those in which orders, sign-ins and follows arrive.
func TestEnsureRace(t *testing.T) {
	shapes := map[string]func(i int) members.Ref{
		"external": func(int) members.Ref { return members.Ref{Source: "pos", External: "X"} },
		"openid":   func(int) members.Ref { return members.Ref{AppID: mini, OpenID: "o"} },
		"phone":    func(int) members.Ref { return members.Ref{Phone: "13800000009"} },
		"unionid from two apps": func(i int) members.Ref {
			return members.Ref{AppID: []string{mini, oa}[i%2], OpenID: "o-both", UnionID: "u-both"}
		},
		"all at once": func(int) members.Ref {
			return members.Ref{AppID: mini, OpenID: "o-all", UnionID: "u-all", Phone: "13800000008", Source: "pos", External: "all"}
		},
		"phone, with a number each": func(i int) members.Ref {
			return members.Ref{Phone: "13800000007", Source: "pos", External: fmt.Sprint("each-", i)}
		},
	}
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		for name, shape := range shapes {
			var (
				mu      sync.Mutex
				ids     []model.MemberID
				created int
			)
			together(64, func(i int) {
				id, isNew, err := s.ensure(t.Context(), shape(i))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				ids = append(ids, id)
				if isNew {
					created++
				}
			})
			slices.Sort(ids)
			if ids = slices.Compact(ids); len(ids) != 1 || created != 1 {
				t.Errorf("%s: members %v, %d of them created, want one", name, ids, created)
			}
		}
		if n := s.count(t, "SELECT COUNT(*) FROM members"); n != int64(len(shapes)) {
			t.Errorf("%d members, want %d: a lost race must leave none behind", n, len(shapes))
		}
		if n := s.count(t, "SELECT COUNT(*) FROM facts WHERE name = 'members.joined'"); n != int64(len(shapes)) {
			t.Errorf("%d members joined, want %d", n, len(shapes))
		}
		clean(t, s)
	})
}

// TestEnsureAgainstModel draws references from a small world and compares each answer with a map of who has what.
func TestEnsureAgainstModel(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		owner := map[string]model.MemberID{} // identity -> member
		hasUnion, hasPhone := map[model.MemberID]bool{}, map[model.MemberID]bool{}
		for range rapid.IntRange(1, 12).Draw(rt, "commands") {
			var ref members.Ref
			var given []string
			pick := func(kind string) (string, bool) {
				n := rapid.IntRange(0, 4).Draw(rt, kind)
				return fmt.Sprintf("%d-%d", round, n), n > 1 // below 2: not given
			}
			if v, ok := pick("openid"); ok {
				ref.AppID, ref.OpenID = mini, v
				given = append(given, "o"+v)
			}
			if v, ok := pick("unionid"); ok {
				ref.UnionID = v
				given = append(given, "u"+v)
			}
			if v, ok := pick("external"); ok {
				ref.Source, ref.External = "pos", v
				given = append(given, "x"+v)
			}
			if n := rapid.IntRange(0, 4).Draw(rt, "phone"); n > 1 {
				ref.Phone = fmt.Sprintf("138%06d%02d", round, n)
				given = append(given, "p"+ref.Phone)
			}
			if len(given) == 0 {
				continue
			}
			var known []model.MemberID
			for _, g := range given {
				if id, ok := owner[g]; ok && !slices.Contains(known, id) {
					known = append(known, id)
				}
			}
			id, created, err := s.ensure(context.Background(), ref)
			ambiguous := len(known) > 1 ||
				len(known) == 1 && ref.UnionID != "" && owner["u"+ref.UnionID] == 0 && hasUnion[known[0]]
			switch {
			case ambiguous:
				if !errors.Is(err, members.ErrAmbiguous) {
					rt.Fatalf("%v known to %v: %v, want ErrAmbiguous", given, known, err)
				}
				continue
			case err != nil:
				rt.Fatalf("%v: %v", given, err)
			case created != (len(known) == 0), !created && id != known[0]:
				rt.Fatalf("%v: member %d created %v, known to %v", given, id, created, known)
			}
			for _, g := range given {
				if g[0] == 'p' && owner[g] == 0 && hasPhone[id] {
					continue // he keeps the number he has
				}
				owner[g] = id
				hasUnion[id] = hasUnion[id] || g[0] == 'u'
				hasPhone[id] = hasPhone[id] || g[0] == 'p'
			}
		}
	})
	clean(t, s)
}

func TestEnsureMany(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		known := s.must(t, members.Ref{Source: "cdnow", External: "7"})
		list := []string{"7", "7"}
		for i := range 2300 {
			list = append(list, fmt.Sprint(i))
		}
		var first, again map[string]model.MemberID
		s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
			first, err = s.EnsureManyTx(ctx, tx, "cdnow", list)
			return err
		})
		s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
			again, err = s.EnsureManyTx(ctx, tx, "cdnow", list)
			return err
		})
		distinct := map[model.MemberID]bool{}
		for e, id := range first {
			distinct[id] = true
			if again[e] != id || id == 0 {
				t.Errorf("number %s: member %d at first, %d again", e, id, again[e])
			}
		}
		if len(first) != 2300 || len(distinct) != 2300 || first["7"] != known {
			t.Errorf("%d numbers, %d members, number 7 is %d, want 2300, 2300 and %d", len(first), len(distinct), first["7"], known)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM facts WHERE name = 'members.joined'"); n != 1 {
			t.Errorf("%d facts that a member joined, want 1: imports record none", n)
		}
		if id, err := s.Find(t.Context(), members.Ref{Source: "cdnow", External: "2299"}); err != nil || id != first["2299"] {
			t.Errorf("find an imported number: %d, %v", id, err)
		}
		for _, bad := range [][]string{{"1", ""}, {" 1"}, {"a\tb"}, {strings.Repeat("x", 129)}} {
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := s.EnsureManyTx(ctx, tx, "cdnow", bad)
				return err
			})
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("numbers %q: %v, want them refused", bad, err)
			}
		}
		clean(t, s)
	})
}

func TestEnsureManyRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		var mu sync.Mutex
		seen := map[string]model.MemberID{}
		together(8, func(i int) {
			list := make([]string, 0, 60)
			for n := range 60 {
				list = append(list, fmt.Sprint((n+i*20)%120)) // each overlaps the next ones
			}
			var got map[string]model.MemberID
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				got, err = s.EnsureManyTx(ctx, tx, "pos", list)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("import %d: %v", i, err)
			}
			for e, id := range got {
				if seen[e] != 0 && seen[e] != id {
					t.Errorf("number %s is member %d and %d", e, seen[e], id)
				}
				seen[e] = id
			}
		})
		if n := s.count(t, "SELECT COUNT(*) FROM members"); n != 120 {
			t.Errorf("%d members for 120 numbers", n)
		}
		clean(t, s)
	})
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		joined := clock.Now().AddDate(-1, 0, 0)
		list := make([]members.NewMember, 1500)
		for i := range list {
			list[i] = members.NewMember{
				Phone: fmt.Sprintf("139%08d", i), UnionID: fmt.Sprint("u", i), JoinedAt: joined,
				OpenIDs:   []members.OpenID{{AppID: mini, OpenID: fmt.Sprint("m", i)}, {AppID: oa, OpenID: fmt.Sprint("f", i), FollowedAt: joined}},
				Externals: []members.External{{Source: "demo", External: fmt.Sprint(i)}},
			}
		}
		var ids []model.MemberID
		s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
			ids, err = s.ImportTx(ctx, tx, list)
			return err
		})
		for _, i := range []int{0, 1, 999, 1000, 1499} {
			for _, ref := range []members.Ref{
				{Phone: list[i].Phone}, {UnionID: list[i].UnionID}, {AppID: mini, OpenID: list[i].OpenIDs[0].OpenID}, {Source: "demo", External: fmt.Sprint(i)},
			} {
				if id, err := s.Find(t.Context(), ref); err != nil || id != ids[i] {
					t.Errorf("member %d by one of his references: %d, %v, want %d", i, id, err, ids[i])
				}
			}
		}
		v, err := s.Member(t.Context(), ids[3])
		if err != nil || v.Phone != "139****0003" || !v.Follower || !v.JoinedAt.Equal(joined) {
			t.Errorf("imported member = %+v, %v", v, err)
		}
		before := s.count(t, "SELECT COUNT(*) FROM members")
		for name, bad := range map[string][]members.NewMember{
			"phone":                   {{Phone: "13700000000"}, {Phone: list[5].Phone}},
			"openid":                  {{OpenIDs: []members.OpenID{{AppID: mini, OpenID: "m9"}}}},
			"external":                {{Externals: []members.External{{Source: "demo", External: "new"}, {Source: "demo", External: "7"}}}},
			"the same unionid twice":  {{UnionID: "twice"}, {UnionID: "twice"}},
			"the same external twice": {{Externals: []members.External{{Source: "demo", External: "twice"}}}, {Externals: []members.External{{Source: "demo", External: "twice"}}}},
		} {
			// The transaction goes on after the refusal, as an import that counts conflicts would.
			s.do(t, func(ctx context.Context, tx *db.Tx) error {
				if _, err := s.ImportTx(ctx, tx, bad); !errors.Is(err, members.ErrTaken) {
					t.Errorf("import a taken %s: %v, want ErrTaken", name, err)
				}
				return nil
			})
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			if _, err := s.ImportTx(ctx, tx, []members.NewMember{{JoinedAt: joined}}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("import a member without any identity: %v", err)
			}
			return nil
		})
		if after := s.count(t, "SELECT COUNT(*) FROM members"); after != before {
			t.Errorf("%d members after refused imports, %d before", after, before)
		}
		clean(t, s)
	})
}

// clean fails the test when an invariant does not hold.
func clean(t *testing.T, s *shop) {
	t.Helper()
	broken, err := audit.Run(t.Context(), s.db, s.Invariants())
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
	}
}
