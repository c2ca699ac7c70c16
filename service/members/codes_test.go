package members_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
)

// phones keeps what was sent to them.
type phones struct {
	mu   sync.Mutex
	sent []string // "+8613…:123456"
}

func (p *phones) SendCode(_ context.Context, tx *db.Tx, phone, code string) error {
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent = append(p.sent, phone+":"+code)
	})
	return nil
}

// last returns the newest code.
func (p *phones) last(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		t.Fatal("no code was sent")
	}
	_, code, _ := strings.Cut(p.sent[len(p.sent)-1], ":")
	return code
}

func withPhones(d *db.DB) (*members.Service, *phones) {
	p := &phones{}
	return members.New(members.Deps{DB: d, Mini: newWeChat(), MiniAppID: mini, OAAppID: oa, PhoneKey: make([]byte, 32),
		Facts: facts.New(jobs.New(d, nil)), Codes: p}), p
}

func someone(t *testing.T, d *db.DB, s *members.Service, ref members.Ref) (id model.MemberID) {
	t.Helper()
	err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = s.EnsureTx(ctx, tx, ref)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestACodeBindsAPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, p := withPhones(d)
		ctx := context.Background()
		m := someone(t, d, s, members.Ref{AppID: mini, OpenID: "o1"})
		sent, err := s.AskCode(ctx, m, "138 0013 8000", "10.0.0.1")
		if err != nil || sent.Phone != "138****8000" || !sent.ExpiresAt.Equal(clock.Now().Add(5*time.Minute)) || !sent.Again.Equal(clock.Now().Add(time.Minute)) {
			t.Fatalf("AskCode = %+v, %v", sent, err)
		}
		first := p.last(t)
		if len(first) != 6 || strings.Trim(first, "0123456789") != "" {
			t.Errorf("the code is %q", first)
		}
		if p.sent[0] != "+8613800138000:"+first {
			t.Errorf("sent %v", p.sent)
		}
		clock.Advance(time.Minute)
		if _, err := s.AskCode(ctx, m, "13800138001", "10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		if second := p.last(t); second != first { // the newer code is for another number: the older one has ended
			if _, err := s.VerifyCode(ctx, m, first); !errors.Is(err, members.ErrCode) {
				t.Errorf("the older code = %v", err)
			}
		}
		masked, err := s.VerifyCode(ctx, m, p.last(t))
		if err != nil || masked != "138****8001" {
			t.Errorf("VerifyCode = %q, %v", masked, err)
		}
		if _, err := s.VerifyCode(ctx, m, p.last(t)); !errors.Is(err, members.ErrCode) {
			t.Errorf("the code once more = %v", err)
		}
		if found, err := s.Find(ctx, members.Ref{Phone: "13800138001"}); err != nil || found != m {
			t.Errorf("the number leads to %d, %v", found, err)
		}
		// A code is of use for five minutes.
		clock.Advance(time.Minute)
		if _, err := s.AskCode(ctx, m, "13800138002", "10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		clock.Advance(5 * time.Minute)
		if _, err := s.VerifyCode(ctx, m, p.last(t)); !errors.Is(err, members.ErrCode) {
			t.Errorf("after five minutes = %v", err)
		}
	})
}

// Guessing: five tries a code, also when 64 come at once; nobody can try the code of another member.
func TestACodeCannotBeGuessed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, p := withPhones(d)
		ctx := context.Background()
		m, thief := someone(t, d, s, members.Ref{AppID: mini, OpenID: "o1"}), someone(t, d, s, members.Ref{AppID: mini, OpenID: "o2"})
		if _, err := s.AskCode(ctx, m, "13800138000", "10.0.0.1"); err != nil {
			t.Fatal(err)
		}
		code := p.last(t)
		if _, err := s.VerifyCode(ctx, thief, code); !errors.Is(err, members.ErrCode) {
			t.Errorf("somebody else's code = %v", err)
		}
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				guess := fmt.Sprintf("%06d", i)
				if guess == code {
					guess = "999999"
				}
				if _, err := s.VerifyCode(ctx, m, guess); !errors.Is(err, members.ErrCode) && !errors.Is(err, db.ErrUnavailable) {
					t.Errorf("a guess = %v", err)
				}
			})
		}
		wg.Wait()
		var row model.PhoneCode
		if err := d.Read(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Take(&row).Error }); err != nil {
			t.Fatal(err)
		}
		if row.Failures != 5 {
			t.Errorf("%d tries were judged, want 5", row.Failures)
		}
		if _, err := s.VerifyCode(ctx, m, code); !errors.Is(err, members.ErrCode) {
			t.Errorf("the right code after five wrong ones = %v", err)
		}
		if strings.Contains(row.CodeHash+row.PhoneCipher+row.PhoneIndex, code) || strings.Contains(row.PhoneCipher, "13800138000") {
			t.Error("the row tells the code or the number")
		}
	})
}

// One a minute, five an hour, ten a day, by member and by number; ten times as many from one address.
func TestCodesAreAskedForSeldom(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, p := withPhones(d)
		ctx := context.Background()
		m := someone(t, d, s, members.Ref{AppID: mini, OpenID: "o1"})
		ask := func(m model.MemberID, number int, ip string) error {
			_, err := s.AskCode(ctx, m, fmt.Sprintf("139%08d", number), ip)
			return err
		}
		asked := 0
		for range 24 * 60 { // a day, minute by minute, each time another number and address
			if err := ask(m, asked, fmt.Sprintf("10.0.0.%d", asked)); err == nil {
				asked++
				if err := ask(m, 1000+asked, "10.9.9.9"); !errors.Is(err, members.ErrCodeTooOften) || fault.Of(err).Detail["retry_after_seconds"] == nil {
					t.Fatalf("twice in a minute = %v", err)
				}
			} else if !errors.Is(err, members.ErrCodeTooOften) {
				t.Fatal(err)
			}
			clock.Advance(time.Minute)
			if asked == 10 {
				break
			}
			if asked == 5 && clock.Now().Sub(dbtest.Start) < time.Hour {
				clock.Set(dbtest.Start.Add(time.Hour))
			}
		}
		if err := ask(m, 5000, "10.0.0.200"); asked != 10 || !errors.Is(err, members.ErrCodeTooOften) {
			t.Errorf("%d codes, and the eleventh of the day = %v", asked, err)
		}
		// One number, asked for by many members.
		others := make([]model.MemberID, 3)
		for i := range others {
			others[i] = someone(t, d, s, members.Ref{AppID: mini, OpenID: fmt.Sprintf("p%d", i)})
		}
		if err := ask(others[0], 7777, "10.1.0.1"); err != nil {
			t.Error(err)
		}
		if err := ask(others[1], 7777, "10.1.0.2"); !errors.Is(err, members.ErrCodeTooOften) {
			t.Errorf("another member, the same number = %v", err)
		}
		if err := ask(others[1], 7778, "10.1.0.1"); err != nil { // the refusal before cost him nothing
			t.Errorf("the same network = %v", err)
		}
		// T33: the answer about a number that somebody has is the same.
		someone(t, d, s, members.Ref{Phone: "13700137000"})
		known, err := s.AskCode(ctx, others[2], "13700137000", "10.1.0.3")
		if err != nil || known.Phone != "137****7000" {
			t.Errorf("a known number = %+v, %v", known, err)
		}
		before := len(p.sent)
		clock.Advance(25 * time.Hour)
		if err := s.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		if err := ask(m, 1, "10.0.0.1"); err != nil || len(p.sent) != before+1 {
			t.Errorf("the next day = %v", err)
		}
	})
}

func TestCodesRefuseWhatIsNoPhone(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s, p := withPhones(d)
	m := someone(t, d, s, members.Ref{AppID: mini, OpenID: "o1"})
	for _, number := range []string{"", "12345", "12800138000", "１３８００１３８０００", "+86138", "13800138000;rm", "+8612345678901"} {
		if _, err := s.AskCode(context.Background(), m, number, "10.0.0.1"); !errors.Is(err, members.ErrPhone) {
			t.Errorf("AskCode(%q) = %v", number, err)
		}
	}
	if len(p.sent) != 0 {
		t.Errorf("sent %d codes", len(p.sent))
	}
	if _, err := open(d).AskCode(context.Background(), m, "13800138000", "10.0.0.1"); !errors.Is(err, members.ErrNoCodes) {
		t.Errorf("without a way to send = %v", err)
	}
}
