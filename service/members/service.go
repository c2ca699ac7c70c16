package members

import (
	"context"
	"log/slog"

	"huitou/model/db"
	"huitou/model/sealed"
	"huitou/service/facts"
	"huitou/wechat"
)

// Mini is what the service needs of the mini-program's WeChat API; wechat/mini has it.
type Mini interface {
	Code2Session(ctx context.Context, code string) (wechat.Session, error)
	PhoneNumber(ctx context.Context, code string) (wechat.Phone, error)
}

// Deps is what the service needs.
type Deps struct {
	DB                 *db.DB
	Mini               Mini
	MiniAppID, OAAppID string
	// PhoneKey has 32 random bytes and must never change: numbers could not be read or found any more.
	PhoneKey []byte
	Facts    *facts.Log
	Log      *slog.Logger // nil discards
}

// Service keeps members. It is safe for concurrent use.
type Service struct {
	db          *db.DB
	mini        Mini
	miniApp, oa string
	phones      sealed.Box
	births      sealed.Box
	facts       *facts.Log
	log         *slog.Logger
	sessions    *sessions
}

// New returns the service. It panics when PhoneKey has not 32 bytes, which config refuses before.
func New(d Deps) *Service {
	log := d.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		db: d.DB, mini: d.Mini, miniApp: d.MiniAppID, oa: d.OAAppID, phones: newPhones(d.PhoneKey),
		births: sealed.NewBox(d.PhoneKey, "huitou members birth cipher", "huitou members birth index"),
		facts:  d.Facts, log: log, sessions: newSessions(d.DB, log),
	}
}
