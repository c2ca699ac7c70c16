package callbacks

import (
	"context"
	"fmt"
	"log/slog"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// Channel is where a callback came in.
type Channel string

// The channels.
const (
	OA   Channel = "oa"   // official account
	Mini Channel = "mini" // mini-program
	Pay  Channel = "pay"  // WeChat Pay; kept, not dispatched
)

// Reader reads stored callbacks again, as oa.Callback and mini.Callback do.
type Reader interface {
	Read(body []byte) (wechat.Push, error)     // a decrypted body
	Reopen(posted []byte) (wechat.Push, error) // what was posted and could not be decrypted then
}

// Deps is what the vault needs.
type Deps struct {
	DB      *db.DB
	Jobs    *jobs.Queue
	Readers map[string]Reader // by app id
	Log     *slog.Logger
}

// Service is the vault. It is safe for concurrent use once every reaction is registered.
type Service struct {
	Deps
	reactions map[topic]React
	watches   map[topic][]Watch
	receiving *db.Group[struct{}, model.Callback, received]
}

type topic struct {
	channel Channel
	name    string
}

// New returns a vault without reactions.
func New(d Deps) *Service {
	s := &Service{Deps: d, reactions: map[topic]React{}, watches: map[topic][]Watch{}}
	s.receiving = db.NewGroup(d.DB, receiveMost, s.store)
	return s
}

// Once makes an effect happen once: called inside the effect's transaction it marks the callback done there, and fresh
// is false when an earlier run has committed; the effect must then be left out.
type Once = func(ctx context.Context, tx *db.Tx) (fresh bool, err error)

// React is what a capability does about a push. It runs at least once, outside any transaction. An error means another run
// later; after maxRuns the callback is failed and keeps the last error as its reason.
type React = func(ctx context.Context, p wechat.Push, once Once) error

// On registers the one reaction to an event. It is called while the program starts and panics when there is one already.
func (s *Service) On(c Channel, e wechat.Event, react React) {
	at := topic{c, eventTopic(e)}
	if _, taken := s.reactions[at]; taken {
		panic(fmt.Sprintf("callbacks: two reactions to %s %s", c, e))
	}
	s.reactions[at] = react
}

// Watch takes note of a push beside the reaction to it, before it. It may be told of one push several times, and must come to the same.
type Watch = func(ctx context.Context, p wechat.Push) error

// Watch registers one who takes note of pushes of a topic (see Topic). It is called while the program starts.
func (s *Service) Watch(c Channel, name string, w Watch) {
	at := topic{c, name}
	s.watches[at] = append(s.watches[at], w)
}

// known reports whether anybody wants a topic.
func (s *Service) known(t topic) bool {
	_, reacts := s.reactions[t]
	return reacts || len(s.watches[t]) > 0
}

// Register gives the queue its workers. Call it once, before the queue runs.
func (s *Service) Register() {
	jobs.Handle(s.Jobs, kindProcess, s.process)
	jobs.Handle(s.Jobs, kindReplayMany, s.workReplayMany)
	s.Jobs.Every("callbacks.purge", purgeTime, s.purge)
}
