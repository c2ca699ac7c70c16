package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huitou/model/db"
)

// small is a load of a second or two.
func small(t *testing.T) claimFlags {
	return claimFlags{
		hot: hotCoupon, store: store{folder: t.TempDir()}, shoppers: 32, duration: time.Second, stock: 100, rounds: 1, out: t.TempDir(),
		arriving: 200, window: 100 * time.Millisecond, instances: 1,
	}
}

func TestClaimsBothWays(t *testing.T) {
	f := small(t)
	var out bytes.Buffer
	if err := f.run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"product 1", "plain 1", "ratio", "every acknowledged coupon is there once"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	for _, way := range []string{"product", "plain"} {
		text, err := os.ReadFile(filepath.Join(f.out, "answers-"+way+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		// The warm-up's and the turn's own.
		if n := strings.Count(string(text), " 201 "); n != 200 {
			t.Errorf("%s: %d acknowledgements are recorded, want 200", way, n)
		}
		if n := strings.Count(string(text), " 409 coupons.sold_out\n"); n != 10 {
			t.Errorf("%s: %d refusals are recorded, want 10", way, n)
		}
	}
	if left, err := os.ReadDir(f.store.folder); err != nil || len(left) > 0 {
		t.Errorf("%d databases are left, %v", len(left), err)
	}
}

func TestFlash(t *testing.T) {
	f := small(t)
	f.flash, f.stock = true, 50
	var out bytes.Buffer
	if err := f.run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "everybody: 200 answers") {
		t.Errorf("the report lacks the answers:\n%s", &out)
	}
}

// Two instances on one database hand out exactly what there is.
func TestFloodAtTwoInstances(t *testing.T) {
	f := small(t)
	f.store = store{dsn: os.Getenv("TEST_MYSQL_DSN")}
	if f.store.dsn == "" {
		t.Skip("TEST_MYSQL_DSN is not set")
	}
	f.instances, f.stock = 2, 50
	got, _, err := f.flood(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.granted) != 50 || len(got.refused) != 150 || got.errors != 0 || len(got.broken) != 0 {
		t.Errorf("%d granted, %d refused, %d errors, broken %v", len(got.granted), len(got.refused), got.errors, got.broken)
	}
}

// The check is of use only if it fails when the database has lost something.
func TestJudgeFindsWhatTheDatabaseLost(t *testing.T) {
	f := small(t)
	s, err := openShop(t.Context(), f.store, f.out, false, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	j, err := openJournal(filepath.Join(f.out, "answers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if err := s.admit(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	template, err := s.template(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := f.crowd(s, product, template, 0, 40, j).come(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.judge(t.Context(), f.hot, template, answers); err != nil || len(got.broken) > 0 {
		t.Fatalf("a sound load is judged %q, %v", got.broken, err)
	}
	err = s.app.DB.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec("DELETE FROM coupons WHERE id = (SELECT MAX(id) FROM coupons)").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.judge(t.Context(), f.hot, template, answers)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := s.audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(append(got.broken, broken...), "\n")
	for _, want := range []string{"lost: ", "counter: ", "invariant coupons.stock: "} {
		if !strings.Contains(all, want) {
			t.Errorf("a deleted coupon is judged %q, want %q among it", all, want)
		}
	}
	if err := verdict(&bytes.Buffer{}, "coupon", got.broken, 1); !errors.Is(err, errDiffers) {
		t.Errorf("verdict = %v, want an error", err)
	}
}

func TestClaimsRefusesBadSettings(t *testing.T) {
	for _, args := range [][]string{
		{"claims"},
		{"claims", "--sqlite", t.TempDir(), "--dsn", "u:p@tcp(127.0.0.1:1)/"},
		{"claims", "--sqlite", t.TempDir(), "--shoppers", "0"},
		{"claims", "--sqlite", t.TempDir(), "--rounds", "-1"},
		{"claims", "--sqlite", t.TempDir(), "--duration", "0s"},
		{"claims", "--sqlite", t.TempDir(), "--stock", "-5"},
		{"claims", "--sqlite", t.TempDir(), "--stock", "5", "--duration", "1s"},
		{"claims", "--sqlite", "/dev/shm"},
		{"claims", "--dsn", "not a dsn"},
	} {
		if code := run(args); code == 0 {
			t.Errorf("loadgen %v succeeded", args)
		}
	}
}
