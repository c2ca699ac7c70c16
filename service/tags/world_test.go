package tags_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/tags"
	"huitou/wechat"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !flagGiven("rapid.checks") {
		flag.Set("rapid.checks", "30") // each is a dozen steps and comparisons on a database
	}
	goleak.VerifyTestMain(m)
}

func flagGiven(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

const clerk model.StaffID = 3

// shop is the tags of a shop with members and an official account.
type shop struct {
	*tags.Service
	db      *db.DB
	clock   *dbtest.Clock
	queue   *jobs.Queue
	members *members.Service
	account *account
}

func open(d *db.DB, clock *dbtest.Clock) *shop {
	a := &account{tags: map[int64]*fanTag{2: {name: "星标组", fans: map[string]bool{}}}, last: wechat.FirstTag - 1, follows: map[string]bool{}}
	s := with(d, clock, a)
	s.account = a
	return s
}

// with is another instance of the shop, or one with a WeChat of its own.
func with(d *db.DB, clock *dbtest.Clock, a tags.Account) *shop {
	log := slog.New(slog.DiscardHandler)
	s := &shop{db: d, clock: clock, queue: jobs.New(d, log)}
	s.members = members.New(members.Deps{DB: d, OAAppID: "oa", PhoneKey: make([]byte, 32), Facts: facts.New(s.queue), Log: log})
	s.Service = tags.New(tags.Deps{DB: d, Members: s.members, Account: a, Queue: s.queue})
	s.Work()
	return s
}

func each(t *testing.T, f func(t *testing.T, s *shop)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, open(d, clock)) })
}

// admit adds n members who do not follow.
func (s *shop) admit(t testing.TB, n int) (ids []model.MemberID) {
	t.Helper()
	list := make([]members.NewMember, n)
	for i := range list {
		list[i].Externals = []members.External{{Source: "test", External: fmt.Sprint(i)}}
	}
	s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
		ids, err = s.members.ImportTx(ctx, tx, list)
		return err
	})
	return ids
}

// fan adds a member who follows, on both sides.
func (s *shop) fan(t testing.TB, openID string) (id model.MemberID) {
	t.Helper()
	s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = s.members.FollowTx(ctx, tx, members.Follow{OpenID: openID, At: tx.Now})
		return err
	})
	s.account.follows[openID] = true
	return id
}

func (s *shop) do(t testing.TB, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := s.db.Do(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) tag(t testing.TB, name string, shared bool) model.PublicID {
	t.Helper()
	v, err := s.Create(context.Background(), tags.NewTag{Staff: clerk, Name: name, Shared: shared})
	if err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func (s *shop) put(t testing.TB, id model.PublicID, ids ...model.MemberID) {
	t.Helper()
	if _, err := s.Tag(context.Background(), tags.OnMembers{Staff: clerk, Tag: id, Members: ids}); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) take(t testing.TB, id model.PublicID, ids ...model.MemberID) {
	t.Helper()
	if _, err := s.Untag(context.Background(), tags.OnMembers{Staff: clerk, Tag: id, Members: ids}); err != nil {
		t.Fatal(err)
	}
}

// sync compares and returns what came of it.
func (s *shop) sync(t testing.TB) tags.Sync {
	t.Helper()
	s.clock.Advance(1e9) // a meeting is later than what came before it
	if _, err := s.StartSync(context.Background(), clerk); err != nil {
		t.Fatal(err)
	}
	s.runDue(t)
	v, err := s.LastSync(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(1e9)
	return v
}

func (s *shop) runDue(t testing.TB) {
	t.Helper()
	if _, err := s.queue.RunDue(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// have returns who has a tag here, ascending.
func (s *shop) have(t testing.TB, id model.PublicID) (ids []model.MemberID) {
	t.Helper()
	for page := (db.Page{Limit: 100}); ; {
		list, next, err := s.Members(context.Background(), id, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			ids = append(ids, m.Member)
		}
		if page.Cursor = next; next == "" {
			slices.Sort(ids)
			return ids
		}
	}
}

func (s *shop) named(t testing.TB, name string) tags.Tag {
	t.Helper()
	list, err := s.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(v tags.Tag) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("there is no tag %s among %+v", name, list)
	}
	return list[i]
}

func (s *shop) sound(t testing.TB) {
	t.Helper()
	broken, err := audit.Run(context.Background(), s.db, tags.Invariants())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Errorf("%s is broken: %v", b.ID, b.Violations)
	}
}

func is(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// account is an official account as WeChat's documents describe one.
type account struct {
	tags    map[int64]*fanTag
	last    int64
	follows map[string]bool
	calls   int
	before  func(call int, what string) error // may fail a call, or do something meanwhile
}

type fanTag struct {
	name string
	fans map[string]bool
}

func refusal(code int) error { return &wechat.Error{Code: code, Message: "refused"} }

func (a *account) call(what string) error {
	a.calls++
	if a.before != nil {
		return a.before(a.calls, what)
	}
	return nil
}

func (a *account) named(name string) int64 {
	for id, t := range a.tags {
		if t.name == name {
			return id
		}
	}
	return 0
}

func (a *account) fansOf(name string) []string {
	id := a.named(name)
	if id == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(a.tags[id].fans))
}

func (a *account) leave(openID string) {
	a.follows[openID] = false
	for _, t := range a.tags {
		delete(t.fans, openID)
	}
}

func (a *account) Tags(context.Context) (list []wechat.FanTag, err error) {
	for _, id := range slices.Sorted(maps.Keys(a.tags)) {
		list = append(list, wechat.FanTag{ID: id, Name: a.tags[id].name})
	}
	return list, a.call("list")
}

func (a *account) CreateTag(_ context.Context, name string) (wechat.FanTag, error) {
	if err := a.call("create"); err != nil {
		return wechat.FanTag{}, err
	}
	switch {
	case a.named(name) != 0:
		return wechat.FanTag{}, refusal(wechat.CodeTagName)
	case len(a.tags) > wechat.MaxTags:
		return wechat.FanTag{}, refusal(wechat.CodeTooMany)
	}
	a.last++
	a.tags[a.last] = &fanTag{name, map[string]bool{}}
	return wechat.FanTag{ID: a.last, Name: name}, nil
}

func (a *account) RenameTag(_ context.Context, id int64, name string) error {
	if err := a.call("rename"); err != nil {
		return err
	}
	if a.named(name) != 0 {
		return refusal(wechat.CodeTagName)
	}
	a.tags[id].name = name
	return nil
}

func (a *account) DeleteTag(_ context.Context, id int64) error {
	if err := a.call("delete"); err != nil {
		return err
	}
	if a.tags[id] == nil {
		return refusal(wechat.CodeTagGone)
	}
	delete(a.tags, id)
	return nil
}

// TaggedFans gives pages of three.
func (a *account) TaggedFans(_ context.Context, id int64, after string) ([]string, string, error) {
	if err := a.call("tagged"); err != nil {
		return nil, "", err
	}
	if a.tags[id] == nil {
		return nil, "", refusal(wechat.CodeTagGone)
	}
	list := slices.DeleteFunc(slices.Sorted(maps.Keys(a.tags[id].fans)), func(o string) bool { return o <= after })
	list = list[:min(3, len(list))]
	if len(list) == 0 {
		return nil, "", nil
	}
	return list, list[len(list)-1], nil
}

func (a *account) TagFans(_ context.Context, id int64, list []string) error {
	if err := a.call("tag"); err != nil {
		return err
	}
	if len(list) > wechat.MaxTagBatch {
		return refusal(40032)
	}
	for _, o := range list {
		if !a.follows[o] {
			return refusal(40003)
		}
		n := 0
		for _, t := range a.tags {
			if t.fans[o] {
				n++
			}
		}
		if n >= wechat.MaxTagsOfFan && !a.tags[id].fans[o] {
			return refusal(45059)
		}
	}
	for _, o := range list {
		a.tags[id].fans[o] = true
	}
	return nil
}

func (a *account) UntagFans(_ context.Context, id int64, list []string) error {
	if err := a.call("untag"); err != nil {
		return err
	}
	for _, o := range list {
		delete(a.tags[id].fans, o)
	}
	return nil
}

func (a *account) TagsOf(_ context.Context, openID string) (ids []int64, following bool, err error) {
	for id, t := range a.tags {
		if t.fans[openID] {
			ids = append(ids, id)
		}
	}
	return ids, a.follows[openID], a.call("of")
}
