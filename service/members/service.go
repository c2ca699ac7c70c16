package members

import (
	"context"
	"log/slog"

	"huitou/model"
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
	Codes    CodeSender   // nil: codes cannot be sent
	Kin      Kin          // what happens when two members turn out to be one person; zero: nothing
}

// Kin hears of evidence that two members are one person. Package merges, which stands above all that it moves, answers.
type Kin struct {
	// SamePhone is told that shopper proved a number which is owner's. It reports whether owner has become shopper; otherwise staff
	// look at it.
	SamePhone func(ctx context.Context, shopper, owner model.MemberID) (joined bool, err error)
	// SamePersonTx is told that WeChat knows both as one person. It is done a moment later.
	SamePersonTx func(ctx context.Context, tx *db.Tx, a, b model.MemberID) error
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
	kin         Kin
	codes       CodeSender
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
		facts:  d.Facts, log: log, sessions: newSessions(d.DB, log), kin: d.Kin, codes: d.Codes,
	}
}
