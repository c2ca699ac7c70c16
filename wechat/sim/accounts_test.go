package sim

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

func TestAccountsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, stateFile)
	if err := os.WriteFile(path, keptAccounts, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *Sim {
		s, err := New(Config{Now: time.Now, Seed: 1, StateDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := open(), open()
	if a, b := mustJSON(t, first.Accounts()), mustJSON(t, second.Accounts()); a != b {
		t.Errorf("accounts differ:\n%s\n%s", a, b)
	}
	if a, b := first.ids.word(20), second.ids.word(20); a == b {
		t.Errorf("both runs make the id %s", a)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state file: %v, mode %v, want 0600", err, info.Mode().Perm())
	}
}

// A state folder of an older version gains the templates it lacks, and keeps the
// ids of those it has.
func TestKeptAccountsGainTemplates(t *testing.T) {
	b := newBench(t)
	kept := b.Sim.acc
	first := kept.Templates[0]
	kept.Templates = kept.Templates[:1]
	kept.addMissingTemplates()
	names := map[string]bool{}
	for _, have := range kept.Templates {
		names[have.Name] = true
		if err := have.validate(); err != nil || len(have.ID) != 43 {
			t.Errorf("template %q: %v", have.Name, err)
		}
	}
	if kept.Templates[0].ID != first.ID || len(kept.Templates) != len(shopTemplates()) || !names["visit"] || !names["membership"] {
		t.Errorf("templates = %+v", kept.Templates)
	}
}

func TestAccountsCannotPassForRealOnes(t *testing.T) {
	b := newBench(t)
	real := regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	for _, id := range []string{b.acc.OA.AppID, b.acc.Mini.AppID} {
		if real.MatchString(id) {
			t.Errorf("%s looks like a real AppID", id)
		}
	}
	if n := len(b.acc.Merchant.APIv3Key); n != 32 {
		t.Errorf("APIv3 key has %d bytes", n)
	}
	if n := len(b.acc.OA.EncodingAESKey); n != 43 {
		t.Errorf("EncodingAESKey has %d characters", n)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("New without a clock succeeds")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Now: time.Now, StateDir: dir}); err == nil {
		t.Error("New on a broken state file succeeds")
	}
}

// The same seed on the same accounts gives the same ids.
func TestSeedRepeats(t *testing.T) {
	ids := func() []string {
		b := newBench(t)
		u := b.newUser()
		return []string{u["unionid"].(string), u["mini_openid"].(string), u["oa_openid"].(string), u["phone"].(string), b.token(kindOA)}
	}
	a, c := ids(), ids()
	for i := range a {
		if a[i] != c[i] {
			t.Errorf("id %d: %q, then %q", i, a[i], c[i])
		}
	}
}
