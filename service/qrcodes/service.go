package qrcodes

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// Account is the official account; oa.Client is one.
type Account interface {
	CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error)
}

// Program is the mini-program; mini.Client is one.
type Program interface {
	MiniCode(ctx context.Context, in wechat.MiniCode) (wechat.Image, error)
}

// Members is what the codes need of the members; members.Service has it.
type Members interface {
	// FollowsTx reports whether an identity follows the official account now.
	FollowsTx(ctx context.Context, tx *db.Tx, identity int64) (bool, error)
	// ShopperTx returns a member's openid in the mini-program.
	ShopperTx(ctx context.Context, tx *db.Tx, id model.MemberID) (openID string, err error)
}

// Staff knows who works here; staff.Service does.
type Staff interface {
	Works(ctx context.Context, id model.StaffID) (bool, error)
}

// MiniPage is where a scan of the mini-program's picture leads.
type MiniPage struct {
	Path string // without a slash in front; empty is the first page
	Env  string // release, trial or develop; empty is release
	// Unchecked lets WeChat draw pictures for a page that is not published yet.
	Unchecked bool
}

// Deps is what the service needs; all of it, except that Log may be nil.
type Deps struct {
	DB      *db.DB
	OA      Account
	OAAppID string
	Mini    Program
	Page    MiniPage
	Members Members
	Staff   Staff
	// Permanent is how many permanent codes may be made: less than WeChat allows where another program makes codes for the
	// account as well. 0 means wechat.MaxPermanentQRs.
	Permanent int64
	Log       *slog.Logger
}

// Service keeps QR codes. It is safe for concurrent use.
type Service struct {
	d     Deps
	minis miniPictures
	// renewals lets one of many who find the same picture over ask for the next one.
	renewals singleflight.Group
}

// New returns the service.
func New(d Deps) *Service {
	if d.Permanent <= 0 || d.Permanent > wechat.MaxPermanentQRs {
		d.Permanent = wechat.MaxPermanentQRs
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{d: d, minis: miniPictures{kept: map[pictureKey]keptPicture{}}}
}
