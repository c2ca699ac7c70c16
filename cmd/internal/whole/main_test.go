package whole

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/wechat/sim"
)

// keptAccounts is the state of a simulated WeChat, made once: its RSA keys are slow to make.
var keptAccounts []byte

// binaries is a folder for what is built.
var binaries string

const accountsFile = "accounts.json"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "huitou-whole-")
	if err == nil {
		_, err = sim.New(sim.Config{Now: time.Now, StateDir: dir})
	}
	if err == nil {
		keptAccounts, err = os.ReadFile(filepath.Join(dir, accountsFile))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = dir
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}
