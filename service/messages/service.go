package messages

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/sealed"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/messages/sms"
	"huitou/wechat"
)

// Sender sends template messages of the official account, as oa.Client does.
type Sender interface {
	SendTemplate(ctx context.Context, m wechat.TemplateMessage) (msgID string, err error)
}

// Noticer sends one-time notices that people agreed to, as oa.Client and mini.Client do.
type Noticer interface {
	SendSubscribe(ctx context.Context, m wechat.SubscribeMessage) (msgID string, err error)
}

// Desk sends customer-service texts, as oa.Client does.
type Desk interface {
	SendText(ctx context.Context, m wechat.CustomText) error
}

// Followers knows where members can be reached, as members.Service does.
type Followers interface {
	AddressesTx(ctx context.Context, tx *db.Tx, ids []model.MemberID, phones bool) (map[model.MemberID]model.Address, error)
	UnfollowTx(ctx context.Context, tx *db.Tx, openID string, at time.Time) error
	KnownTx(ctx context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]bool, error)
	// OwnerOfPhoneTx returns the member with a phone number in E.164; ok is false when nobody has it.
	OwnerOfPhoneTx(ctx context.Context, tx *db.Tx, phone string) (id model.MemberID, ok bool, err error)
	// OwnerTx returns the member of an openid, and makes one when nobody goes by it.
	OwnerTx(ctx context.Context, tx *db.Tx, appID, openID string) (model.MemberID, error)
}

// Deps is what the outbox needs. A channel whose sender is nil is not set up.
type Deps struct {
	DB        *db.DB
	Jobs      *jobs.Queue
	Facts     *facts.Log // may be nil: nobody is told of ends
	Sender    Sender     // oa_template
	Notices   Noticer    // oa_subscribe
	Program   Noticer    // mini_subscribe
	Desk      Desk       // customer_service
	SMS       sms.Sender // sms; a sms.Mailbox is also asked for receipts and replies
	Followers Followers
	// OAAppID and MiniAppID are the apps whose consents the ledger keeps.
	OAAppID, MiniAppID string
	Templates          map[string]Template // by our name; a message without one is suppressed
	Rules              Rules
	// Key seals verification codes on their way; 32 bytes. Without it SendCodeTx refuses.
	Key []byte
	Log *slog.Logger
}

// Service is the outbox. It is safe for concurrent use.
type Service struct {
	Deps
	lanes map[model.MessageChannel]*lane
	codes sealed.Box
}

// New returns an outbox.
func New(d Deps) *Service {
	if d.Rules == (Rules{}) {
		d.Rules = DefaultRules
	}
	s := &Service{Deps: d, lanes: map[model.MessageChannel]*lane{}, codes: sealed.NewBox(d.Key, "huitou messages code", "huitou messages code index")}
	for _, c := range model.MessageChannels {
		s.lanes[c] = newLane(c)
	}
	return s
}

// Register gives the queue its workers: one lane for each channel, so that a slow one holds up no other. Call it once, before the
// queue runs.
func (s *Service) Register() {
	for _, c := range model.MessageChannels {
		l := s.lanes[c]
		l.wake = s.Jobs.Feed(jobs.Source{
			Name: "messages." + string(c), Workers: l.workers, Batch: l.batch,
			Due:  func(ctx context.Context) (time.Time, bool, error) { return s.due(ctx, l) },
			Take: func(ctx context.Context, most int) (int, error) { return s.take(ctx, l, most) },
		})
	}
	jobs.Handle(s.Jobs, kindCode, s.sendCode)
	s.Jobs.Every("messages.no_report", jobs.Interval(time.Hour), s.giveUpReports)
	if box, ok := s.SMS.(sms.Mailbox); ok {
		s.Jobs.Every("messages.sms_mailbox", jobs.Interval(5*time.Minute), func(ctx context.Context) error { return s.emptyMailbox(ctx, box) })
	}
	// Versions before the channels had one job for each message. Those that wait still have nothing to do: the message says itself
	// when it is due.
	jobs.Handle(s.Jobs, "messages.send", func(context.Context, struct{}) error { return nil })
}

// knownTx returns ErrNoMember when there is no such member.
func (s *Service) knownTx(ctx context.Context, tx *db.Tx, member model.MemberID) error {
	known, err := s.Followers.KnownTx(ctx, tx, []model.MemberID{member})
	if err == nil && !known[member] {
		err = ErrNoMember
	}
	return err
}
