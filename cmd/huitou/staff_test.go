package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"huitou/model/db/dbtest"
	"huitou/service/staff"
)

func TestStaffCommands(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := staff.New(staff.Deps{DB: d})
	closed := 0
	run := func(stdin string, args ...string) (string, error) {
		c := newStaff(func(context.Context, *cobra.Command) (*staff.Service, func() error, error) {
			return s, func() error { closed++; return nil }, nil
		})
		var out bytes.Buffer
		c.SetArgs(args)
		c.SetIn(strings.NewReader(stdin))
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceUsage = true
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	signIn := func(password string) error {
		_, err := s.SignIn(t.Context(), "boss", password, "203.0.113.7")
		return err
	}
	steps := []struct {
		name, stdin, args string
		want              error
	}{
		{"an easy password", "admin123\n", "add --name boss --role owner --password-stdin", staff.ErrPassword},
		{"the first account", "long-river-9-tea\r\n", "add --name boss --role owner --password-stdin", nil},
		{"the same name again", "long-river-9-tea", "add --name boss --role clerk --password-stdin", staff.ErrNameTaken},
		{"another password", "another-river-9\n", "password --name BOSS --password-stdin", nil},
		{"a password of nobody", "another-river-9\n", "password --name nobody --password-stdin", staff.ErrUnknown},
	}
	for _, st := range steps {
		out, err := run(st.stdin, strings.Fields(st.args)...)
		if !errors.Is(err, st.want) {
			t.Errorf("%s: %v, want %v", st.name, err, st.want)
		}
		if strings.Contains(out, "river") || strings.Contains(out, "admin123") {
			t.Errorf("%s: the password is printed: %s", st.name, out)
		}
	}
	if err := signIn("another-river-9"); err != nil {
		t.Errorf("sign in with the password of the command line: %v", err)
	}
	if _, err := run("", "disable", "--name", "boss"); err != nil {
		t.Errorf("disable: %v", err)
	}
	if err := signIn("another-river-9"); !errors.Is(err, staff.ErrCredentials) {
		t.Errorf("sign in to a disabled account: %v", err)
	}
	if _, err := run("", "add", "--name", "wang", "--role", "clerk"); !errors.Is(err, errPasswordInput) {
		t.Errorf("without a terminal: %v, want %v", err, errPasswordInput)
	}
	if _, err := run("long-river-9-tea", "add", "--name", "wang", "--password", "long-river-9-tea"); err == nil {
		t.Error("a password was taken as an argument")
	}
	if closed != 7 {
		t.Errorf("the database was closed %d times, want 7", closed)
	}
}
