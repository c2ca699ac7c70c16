package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Two demos on one folder would travel with one clock over two WeChats.
func TestOneProgramForAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "shop")
	unlock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	start := func() error {
		return demoFlags{addr: "127.0.0.1:0", simAddr: "127.0.0.1:0", data: dir, seed: 1}.run(t.Context(), io.Discard, io.Discard)
	}
	for name, second := range map[string]error{
		"a demo": start(),
		"a simulator": func() error {
			c := newSim()
			c.SilenceUsage, c.SilenceErrors = true, true
			c.SetArgs([]string{"--data", dir, "--addr", "127.0.0.1:0", "--control-addr", "127.0.0.1:0"})
			return c.ExecuteContext(t.Context())
		}(),
	} {
		if second == nil || !strings.Contains(second.Error(), "正被另一个") || !strings.Contains(second.Error(), dir) {
			t.Errorf("%s = %v", name, second)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("the refused ones left %v, %v", list, err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := lockFolder(dir)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// A folder is free again when its program was killed.
func TestAKilledProgramLeavesItsFolder(t *testing.T) {
	const folder = "HUITOU_TEST_LOCK"
	if dir := os.Getenv(folder); dir != "" {
		if _, err := lockFolder(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString("locked\n"); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAKilledProgramLeavesItsFolder$")
	c.Env = append(os.Environ(), folder+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("locked\n"))); err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir); err == nil {
		t.Error("another process holds it, and so do we")
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var killed *exec.ExitError
	if err := c.Wait(); !errors.As(err, &killed) {
		t.Fatal(err)
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}
