package whole

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/staff"
)

// A person whom orders knew by his phone signs in and binds that phone: he is one member with all that he bought. Staff find that it was
// somebody else's phone and split the two; nobody goes on with a session of before (T23), and the program does not join them again.
func TestAPersonKnownTwiceBecomesOne(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	var user struct {
		ID    string `json:"id"`
		Phone string `json:"phone"`
	}
	s.weixinDoes(t, "POST", "/_sim/users", map[string]string{}, &user)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("OLD-1", user.Phone, 120_00)}, nil)
	p := shopper{user: user.ID, phone: user.Phone}
	p.token = s.signIn(t, p)
	bind := func() answer {
		var code struct {
			Code string `json:"code"`
		}
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/phone", struct{}{}, &code)
		return s.do(t, call{method: "POST", path: "/api/v1/me/phone", token: p.token, body: code})
	}
	if a := bind(); a.status != 200 {
		t.Fatalf("binding the phone answered %d %s", a.status, a.body)
	}
	var me struct {
		Number string `json:"number"`
		Orders int64  `json:"orders"`
	}
	s.must(t, call{method: "GET", path: "/api/v1/me", token: p.token}, &me)
	var points struct {
		Active int64 `json:"active"`
	}
	s.must(t, call{method: "GET", path: "/api/v1/me/points", token: p.token}, &points)
	if me.Orders != 1 || points.Active != 120 {
		t.Errorf("the shopper has %d orders and %d points, want 1 and 120", me.Orders, points.Active)
	}
	var found struct {
		ID int64 `json:"id"`
	}
	s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + me.Number, token: owner}, &found)
	var list struct {
		Merges []struct {
			ID, From, To int64
			Cause        string
		}
	}
	s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/merges?member_id=%d", found.ID), token: owner}, &list)
	if len(list.Merges) != 1 || list.Merges[0].Cause != "phone" || list.Merges[0].To != found.ID {
		t.Fatalf("merges = %+v", list)
	}
	split := fmt.Sprintf("/admin/v1/merges/%d/split", list.Merges[0].ID)
	clerk := s.staffOf(t, staff.Clerk)
	if a := s.do(t, call{method: "POST", path: split, token: clerk, body: map[string]any{"reason": "认错了人"}}); a.status != 403 {
		t.Errorf("a clerk who splits got %d %s", a.status, a.body)
	}
	s.must(t, call{method: "POST", path: split, token: owner, body: map[string]any{"reason": "认错了人"}}, nil)
	s.clock.Advance(2 * time.Second) // what was believed of the session is over
	if a := s.do(t, call{method: "GET", path: "/api/v1/me", token: p.token}); a.status != 401 {
		t.Errorf("the session of before answered %d %s", a.status, a.body)
	}
	p.token = s.signIn(t, p)
	s.must(t, call{method: "GET", path: "/api/v1/me", token: p.token}, &me)
	if me.Orders != 0 {
		t.Errorf("after the split the shopper has %d orders", me.Orders)
	}
	if a := bind(); a.problem.Code != "members.phone_taken" {
		t.Errorf("binding the phone again answered %d %s", a.status, a.body)
	}
	var waiting struct {
		Requests []struct {
			Reason string
			From   int64
		}
	}
	s.must(t, call{method: "GET", path: "/admin/v1/merge-requests?state=waiting", token: owner}, &waiting)
	if len(waiting.Requests) != 1 || waiting.Requests[0].Reason != "merges.was_split" || waiting.Requests[0].From != list.Merges[0].From {
		t.Errorf("requests = %+v", waiting)
	}
	s.settled(t)
	s.audit(t)
}

// Events of following get lost; the run that staff ask for finds both who came and who left.
func TestLostFollowsAreFound(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, came, left := s.owner(t), s.shopper(t), s.shopper(t)
	follower := func(p shopper) bool {
		var me struct {
			Follower bool `json:"follower"`
		}
		s.must(t, call{method: "GET", path: "/api/v1/me", token: p.token}, &me)
		return me.Follower
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+left.user+"/follow", struct{}{}, nil)
	eventually(t, "the event comes", func() error {
		if !follower(left) {
			return fmt.Errorf("not a follower yet")
		}
		return nil
	})
	s.fault(t, "oa", "lost")
	s.weixinDoes(t, "POST", "/_sim/users/"+came.user+"/follow", struct{}{}, nil)
	s.fault(t, "oa", "lost")
	s.weixinDoes(t, "POST", "/_sim/users/"+left.user+"/unfollow", struct{}{}, nil)
	if follower(came) || !follower(left) {
		t.Fatal("the events were not lost")
	}
	s.clock.Advance(time.Minute)
	s.must(t, call{method: "POST", path: "/admin/v1/follower-syncs", token: owner}, nil)
	var run struct {
		State                        model.FollowerSyncState
		Listed, Followed, Unfollowed int64
	}
	eventually(t, "the run ends", func() error {
		s.must(t, call{method: "GET", path: "/admin/v1/follower-syncs/latest", token: owner}, &run)
		if run.State != model.SyncDone {
			return fmt.Errorf("run = %+v", run)
		}
		return nil
	})
	if run.Followed < 1 || run.Unfollowed < 1 || !follower(came) || follower(left) {
		t.Errorf("run = %+v, came follows %t, left follows %t", run, follower(came), follower(left))
	}
	s.settled(t)
	s.audit(t)
}

// staffOf makes an account of a role and signs it in.
func (s *shop) staffOf(t *testing.T, role staff.Role) string {
	t.Helper()
	name, password := "p"+random.ID()[:10], random.ID()
	if _, err := s.app.Staff.Add(t.Context(), staff.Add{Name: name, Password: password, Role: role}); err != nil {
		t.Fatal(err)
	}
	return s.staffSignIn(t, name, password)
}

// Somebody finds a parcel's card, in a bin or on a photo, and scans it before its receiver (T9). He is welcomed, and that is all that he gets:
// not the receiver's account, points or orders. The receiver proves his phone and has everything.
func TestT9WhoFindsAParcelIsNotItsReceiver(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	person := func() (p shopper) {
		var user struct {
			ID    string `json:"id"`
			Phone string `json:"phone"`
		}
		s.weixinDoes(t, "POST", "/_sim/users", map[string]string{}, &user)
		return shopper{user: user.ID, phone: user.Phone}
	}
	finder, receiver := person(), person()
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("FOUND-1", receiver.phone, 12_800_00)}, nil)
	var code struct{ Ticket string }
	s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: map[string]any{"source": demo.Source, "number": "FOUND-1"}}, &code)
	if s.answered(t, finder, "scan", map[string]any{"ticket": code.Ticket}) == "" {
		t.Error("who scans a parcel is not welcomed")
	}
	s.settled(t)
	for _, said := range []string{"积分", "我的订单", "FOUND-1"} {
		if got := s.answered(t, finder, "send_text", map[string]any{"content": said}); strings.Contains(got, "12800") || strings.Contains(got, "12,800") || strings.Contains(got, "FOUND-1") {
			t.Errorf("%s is answered %q to who found a parcel", said, got)
		}
	}
	var me struct {
		Orders int64
		Phone  string
	}
	finder.token = s.signIn(t, finder)
	s.must(t, call{method: "GET", path: "/api/v1/me", token: finder.token}, &me)
	if me.Orders != 0 || me.Phone != "" {
		t.Errorf("who found a parcel is signed in as %+v", me)
	}

	receiver.token = s.signIn(t, receiver)
	var proof struct {
		Code string `json:"code"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+receiver.user+"/phone", struct{}{}, &proof)
	s.must(t, call{method: "POST", path: "/api/v1/me/phone", token: receiver.token, body: proof}, nil)
	s.must(t, call{method: "GET", path: "/api/v1/me", token: receiver.token}, &me)
	if me.Orders != 1 {
		t.Errorf("the receiver has %d orders, want 1", me.Orders)
	}
	s.audit(t)
}
