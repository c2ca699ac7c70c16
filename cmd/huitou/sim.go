package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/wechat/sim"
)

func newSim() *cobra.Command {
	c := &cobra.Command{
		Use:   "sim",
		Short: "run the WeChat simulator alone, for `huitou serve` in development",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			flag := func(name string) string { s, _ := c.Flags().GetString(name); return s }
			unlock, err := lockFolder(flag("data"))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, unlock()) }()
			s, err := sim.New(sim.Config{
				Now: time.Now, Seed: 1, Log: slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
				StateDir: flag("data"), PushBase: flag("push"),
			})
			if err != nil {
				return err
			}
			api, err := net.Listen("tcp", flag("addr"))
			if err != nil {
				return err
			}
			control, err := net.Listen("tcp", flag("control-addr"))
			if err != nil {
				return errors.Join(err, api.Close())
			}
			file, err := writeSimSettings(flag("data"), s.Accounts(), "http://"+api.Addr().String())
			if err != nil {
				return errors.Join(err, api.Close(), control.Close())
			}
			fmt.Fprintf(c.OutOrStdout(), "simulated WeChat   http://%s\npage and controls  http://%s\npushes go to       %s\nsettings for serve %s\n",
				api.Addr(), control.Addr(), flag("push"), file)
			return demo.RunSim(c.Context(), s, api, control)
		},
	}
	c.Flags().String("addr", "127.0.0.1:8090", "address of the simulated WeChat")
	c.Flags().String("control-addr", "127.0.0.1:8091", "address of the page and the control API; loopback")
	c.Flags().String("push", "http://127.0.0.1:8080", "address of 'huitou serve', to which pushes and notices go")
	c.Flags().String("data", "huitou-sim", "folder that keeps the made-up accounts and keys")
	return c
}

// writeSimSettings writes the part of serve's settings that concerns WeChat, with the key files that it names.
func writeSimSettings(dir string, a sim.Accounts, address string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	private, public, settings := filepath.Join(dir, "merchant_key.pem"), filepath.Join(dir, "platform_pub.pem"), filepath.Join(dir, "wechat.yaml")
	text := fmt.Sprintf(`# Written by huitou sim. Made-up accounts of a simulated WeChat; they work nowhere else.
environment: development
wechat: {simulator: %q}
oa: {app_id: %q, secret: %q, token: %q, aes_key: %q, mode: safe, format: xml}
mini: {app_id: %q, secret: %q, token: %q, aes_key: %q, mode: safe, format: json}
pay: {mch_id: %q, serial_no: %q, api_v3_key: %q, public_key_id: %q, private_key_file: %q, public_key_file: %q}
templates:
`, address, a.OA.AppID, a.OA.Secret, a.OA.Token, a.OA.EncodingAESKey, a.Mini.AppID, a.Mini.Secret, a.Mini.Token, a.Mini.EncodingAESKey,
		a.Merchant.MchID, a.Merchant.SerialNo, a.Merchant.APIv3Key, a.Platform.PublicKeyID, private, public)
	templates := demo.Templates(a)
	for _, name := range []string{"visit1", "tier.ending", "membership.activated", "coupons.expiring"} {
		form := templates[name].Forms[model.ChannelOATemplate]
		text += fmt.Sprintf("  - {name: %s, id: %q, cut: [%s], fields: {", name, form.ID, strings.Join(form.Cut, ", "))
		for field, word := range form.Fields {
			text += field + ": " + word + ", "
		}
		text += "}}\n"
	}
	for path, content := range map[string]string{private: a.Merchant.PrivateKeyPEM, public: a.Platform.PublicKeyPEM, settings: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", fmt.Errorf("write the settings: %w", err)
		}
	}
	return settings, nil
}
