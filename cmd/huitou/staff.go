package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"huitou/model/fault"
	"huitou/service/staff"
)

// newStaff returns `huitou staff`, by which the first account is made: there is no default one. open returns the service and what
// closes its database.
func newStaff(open func(ctx context.Context, c *cobra.Command) (*staff.Service, func() error, error)) *cobra.Command {
	c := &cobra.Command{Use: "staff", Short: "员工账号:新增、改密码、停用"}
	with := func(run func(c *cobra.Command, s *staff.Service) error) func(*cobra.Command, []string) error {
		return func(c *cobra.Command, _ []string) (err error) {
			s, done, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			return withDetail(run(c, s))
		}
	}
	c.AddCommand(newStaffAdd(with), newStaffPassword(with), newStaffDisable(with))
	return c
}

// withDetail shows what a fault says about this one case, such as which field of the input is wrong.
func withDetail(err error) error {
	if f := fault.Of(err); f != nil && len(f.Detail) > 0 {
		return fmt.Errorf("%w %v", err, f.Detail)
	}
	return err
}

type withStaff = func(run func(c *cobra.Command, s *staff.Service) error) func(*cobra.Command, []string) error

func newStaffAdd(with withStaff) *cobra.Command {
	var (
		in        staff.Add
		role      string
		fromStdin bool
	)
	c := &cobra.Command{
		Use: "add --name NAME --role owner|manager|clerk", Short: "新增员工账号", Args: cobra.NoArgs,
		RunE: with(func(c *cobra.Command, s *staff.Service) (err error) {
			if in.Password, err = readPassword(c, fromStdin); err != nil {
				return err
			}
			in.Role = staff.Role(role)
			id, err := s.Add(c.Context(), in)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "已新增员工账号 %s(%s),编号 %d\n", in.Name, role, id)
			return nil
		}),
	}
	c.Flags().StringVar(&in.Name, "name", "", "login name: 3 to 32 of a-z, 0-9, dot, dash, underscore")
	c.Flags().StringVar(&in.DisplayName, "display-name", "", "name to show; the login name when empty")
	c.Flags().StringVar(&role, "role", "", "owner, manager or clerk")
	passwordFlag(c, &fromStdin)
	c.MarkFlagRequired("name")
	c.MarkFlagRequired("role")
	return c
}

func newStaffPassword(with withStaff) *cobra.Command {
	var (
		name      string
		fromStdin bool
	)
	c := &cobra.Command{
		Use: "password --name NAME", Short: "重设密码,并结束该账号的全部登录", Args: cobra.NoArgs,
		RunE: with(func(c *cobra.Command, s *staff.Service) error {
			who, err := s.Named(c.Context(), name)
			if err != nil {
				return err
			}
			password, err := readPassword(c, fromStdin)
			if err != nil {
				return err
			}
			if err := s.SetPassword(c.Context(), staff.SetPassword{Account: who.ID, Password: password}); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "已重设 %s 的密码\n", who.Name)
			return nil
		}),
	}
	c.Flags().StringVar(&name, "name", "", "login name")
	passwordFlag(c, &fromStdin)
	c.MarkFlagRequired("name")
	return c
}

func newStaffDisable(with withStaff) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "disable --name NAME", Short: "停用账号,并结束其全部登录", Args: cobra.NoArgs,
		RunE: with(func(c *cobra.Command, s *staff.Service) error {
			who, err := s.Named(c.Context(), name)
			if err != nil {
				return err
			}
			if err := s.Disable(c.Context(), 0, who.ID); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "已停用 %s\n", who.Name)
			return nil
		}),
	}
	c.Flags().StringVar(&name, "name", "", "login name")
	c.MarkFlagRequired("name")
	return c
}

func passwordFlag(c *cobra.Command, fromStdin *bool) {
	c.Flags().BoolVar(fromStdin, "password-stdin", false, "read the password from the first line of standard input")
}

var errPasswordInput = errors.New("no terminal to ask for the password on: give it by --password-stdin")

// readPassword asks twice on a terminal, without an echo, or reads one line. A password is never an argument: the list of
// processes and the shell's history would show it.
func readPassword(c *cobra.Command, fromStdin bool) (string, error) {
	if fromStdin {
		line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", errPasswordInput
	}
	var typed [2]string
	for i, prompt := range []string{"密码: ", "再输入一次: "} {
		fmt.Fprint(c.ErrOrStderr(), prompt)
		b, err := term.ReadPassword(in)
		fmt.Fprintln(c.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("两次输入的密码不一致")
	}
	return typed[0], nil
}
