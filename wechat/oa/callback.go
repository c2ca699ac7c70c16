package oa

import "huitou/wechat/internal/push"

// Callback verifies, opens and answers what WeChat pushes to the official account.
type Callback = push.Codec

// CallbackConfig says how the console's server-configuration page is filled in.
type CallbackConfig = push.Config

// Mode is how pushes are secured.
type Mode = push.Mode

// Modes of message security, as the console names them.
const (
	ModePlain      = push.ModePlain
	ModeCompatible = push.ModeCompatible
	ModeSafe       = push.ModeSafe
)

// NewCallback returns a callback, or every fault of its configuration.
func NewCallback(cfg CallbackConfig) (*Callback, error) { return push.New(cfg) }
